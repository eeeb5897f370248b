//! What kinds of places IP addresses are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressClass {
    /// Somewhere on the internet.
    Public,
    /// Inside somebody's network, or set aside for laboratories and documentation: only if it is listed.
    Private,
    /// This machine: only if it is listed.
    Loopback,
    /// Cloud metadata, link-local, multicast and whatever else is no server of models: not even if it is listed.
    Never,
}

/// What kind of place an address is. IPv4 addresses that are wrapped in IPv6 ones count as what they wrap.
#[must_use]
pub fn classify(ip: IpAddr) -> AddressClass {
    match innermost(ip) {
        IpAddr::V4(ip) => classify_v4(ip),
        IpAddr::V6(ip) => classify_v6(ip),
    }
}

/// The special blocks of <https://www.iana.org/assignments/iana-ipv4-special-registry>, and metadata services.
fn classify_v4(ip: Ipv4Addr) -> AddressClass {
    /// The wire server of Azure's virtual machines, and the metadata service of Alibaba Cloud.
    const METADATA: [Ipv4Addr; 2] = [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200)];
    if METADATA.contains(&ip) {
        return AddressClass::Never;
    }
    match ip.octets() {
        [127, ..] => AddressClass::Loopback,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => AddressClass::Private,
        // Benchmarks and documentation: not on the internet, but laboratories do use them.
        [198, 18 | 19, ..] | [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Private,
        // This network, link-local (with most clouds' metadata), protocol assignments (with Oracle's metadata
        // service), the old 6to4 relay, multicast, reserved, broadcast.
        [0, ..] | [169, 254, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [224..=255, ..] => AddressClass::Never,
        _ => AddressClass::Public,
    }
}

/// The special blocks of <https://www.iana.org/assignments/iana-ipv6-special-registry>, and metadata services.
fn classify_v6(ip: Ipv6Addr) -> AddressClass {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        // Services of the instance itself at Amazon (fd00:ec2::254) and Google (fd20:ce::254).
        [0xfd00, 0x0ec2, ..] | [0xfd20, 0x00ce, ..] => AddressClass::Never,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressClass::Private,
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressClass::Private,
        // Protocol assignments with Teredo, which wraps an IPv4 address of its own.
        [0x2001, 0..=0x01ff, ..] => AddressClass::Never,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        // Unspecified, link-local, multicast, local NAT64, discard-only, and all that is not assigned.
        _ => AddressClass::Never,
    }
}

/// The IPv4 address inside an IPv6 one (mapped, compatible, SIIT, NAT64, 6to4), or the address itself.
pub(super) fn innermost(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let from_halves = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        // `::` and `::1` look like compatible addresses and are none.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => ip,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => from_halves(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => from_halves(high, low),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => from_halves(high, low),
        [0x2002, high, low, ..] => from_halves(high, low),
        _ => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn class_of(text: &str) -> AddressClass {
        classify(text.parse().expect(text))
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "104.18.7.192",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::6810:7c0",
            "2a00:1450:4001:82f::200a",
            "2002:0101:0101::1",
            "64:ff9b::1.1.1.1",
            "::ffff:1.1.1.1",
        ] {
            assert_eq!(class_of(text), AddressClass::Public, "{text}");
        }
    }

    #[test]
    fn addresses_inside_networks_are_private() {
        for text in [
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.10",
            "fc00::1",
            "fd00::1",
            "fdff:ffff::1",
            "fec0::1",
            "2001:db8::1",
            "3fff::1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "::ffff:0:192.168.1.1",
            "64:ff9b::172.16.0.1",
            "2002:0a00:0001::1",
        ] {
            assert_eq!(class_of(text), AddressClass::Private, "{text}");
        }
    }

    #[test]
    fn this_machine_is_loopback_in_every_wrapping() {
        for text in [
            "127.0.0.1",
            "127.255.255.254",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "2002:7f00:0001::",
        ] {
            assert_eq!(class_of(text), AddressClass::Loopback, "{text}");
        }
    }

    #[test]
    fn machinery_is_never_called() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.0",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.0.170",
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:20::1",
            "64:ff9b:1::1",
            "100::1",
            "5f00::1",
            "4000::1",
            "::ffff:169.254.169.254",
            "::ffff:0:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "::ffff:168.63.129.16",
            "::ffff:100.100.100.200",
        ] {
            assert_eq!(class_of(text), AddressClass::Never, "{text}");
        }
    }

    /// An independent reading of "the IPv4 internet": the standard library's predicates.
    fn std_calls_it_closed(ip: Ipv4Addr) -> bool {
        ip.is_private()
            || ip.is_loopback()
            || ip.is_link_local()
            || ip.is_broadcast()
            || ip.is_multicast()
            || ip.is_documentation()
            || ip.is_unspecified()
    }

    proptest! {
        #[test]
        fn nothing_the_standard_library_calls_closed_is_public(octets in closed_or_any_v4()) {
            let ip = Ipv4Addr::from_octets(octets);
            prop_assert!(!std_calls_it_closed(ip) || classify(ip.into()) != AddressClass::Public);
        }

        #[test]
        fn a_wrapping_never_changes_the_class(octets in closed_or_any_v4()) {
            let ip = Ipv4Addr::from_octets(octets);
            let [a, b, c, d] = octets.map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            let wrapped = [
                ip.to_ipv6_mapped(),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 7, 7, 7, 7, 7),
            ];
            for v6 in wrapped {
                prop_assert_eq!(classify(v6.into()), classify(ip.into()), "{}", v6);
            }
        }

        #[test]
        fn only_global_unicast_is_public_in_ipv6(bits: u128) {
            let ip = Ipv6Addr::from_bits(bits);
            let is_global_unicast = ip.segments()[0] >> 13 == 1;
            prop_assert!(is_global_unicast || classify(ip.into()) != AddressClass::Public);
        }
    }

    /// Addresses of which most lie in or beside a special block.
    fn closed_or_any_v4() -> impl Strategy<Value = [u8; 4]> {
        let first = prop_oneof![
            Just(0u8),
            Just(10),
            Just(100),
            Just(127),
            Just(169),
            Just(172),
            Just(192),
            Just(224),
            any::<u8>()
        ];
        let second = prop_oneof![Just(0u8), Just(16), Just(31), Just(100), Just(168), Just(254), any::<u8>()];
        (first, second, any::<u8>(), any::<u8>()).prop_map(|(a, b, c, d)| [a, b, c, d])
    }
}
