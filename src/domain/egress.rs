//! The addresses from which this server calls out, as an Owner knows them.

use std::net::IpAddr;

use ipnet::IpNet;

/// One outgoing address, or a block of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressAddress {
    /// A single address or a CIDR block.
    pub net: IpNet,
    /// What it is for, for example "Primary"; may be empty.
    pub label: String,
}

/// The addresses of the hosted Label Studio Enterprise service, offered as a preset to people who front it.
/// Never a default: a self-hosted server has other ones.
pub const HOSTED_SERVICE_PRESET: [&str; 3] = ["3.219.3.197", "34.237.73.3", "44.216.17.242"];

impl EgressAddress {
    /// Reads an address (`203.0.113.10`, `2001:db8::1`) or a block (`203.0.113.0/28`).
    ///
    /// # Errors
    /// A sentence for the field, if it is neither, or if nobody could route to it.
    pub fn parse(address: &str, label: &str) -> Result<Self, String> {
        let address = address.trim();
        let net = address
            .parse::<IpNet>()
            .or_else(|_| address.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| "Enter an IP address, such as 203.0.113.10, or a block, such as 203.0.113.0/28.".to_owned())?;
        let ip = net.addr();
        if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() {
            return Err(format!("{ip} can’t be an outgoing address. Enter the one that other servers see."));
        }
        Ok(Self { net: net.trunc(), label: label.trim().to_owned() })
    }

    /// The address without a prefix if it is a single one.
    #[must_use]
    pub fn text(&self) -> String {
        if self.net.prefix_len() == self.net.max_prefix_len() {
            self.net.addr().to_string()
        } else {
            self.net.to_string()
        }
    }
}
