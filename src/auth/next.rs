//! Where to go after signing in, as the address of the sign-in page carries it.

/// The pages that one may be sent back to.
const KNOWN: [&str; 9] = [
    "/providers",
    "/base-models",
    "/supported-models",
    "/network",
    "/members",
    "/settings",
    "/audit",
    "/account",
    "/embed-consent",
];

/// Longest address that is carried along.
const LONGEST: usize = 500;

/// The address, if it is one of our own pages. Anything that a browser could take for another site is not.
#[must_use]
pub fn checked(next: &str) -> Option<&str> {
    let is_plain = next.len() <= LONGEST
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !next.contains("//")
        && !next.contains("..");
    let is_known = KNOWN.iter().any(|page| {
        next.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with('?'))
    });
    (is_plain && is_known).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_gone_back_to() {
        for good in ["/providers", "/providers/7/edit", "/audit?text=a%20b&from=2026-01-01", "/account"] {
            assert_eq!(checked(good), Some(good));
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/providersX",
            "/providers/..//evil.example",
            "/providers\r\nSet-Cookie: a=b",
            "/providers/\u{7f}",
            "/%2f%2fevil.example",
            "/sign-out",
            " /providers",
            "/provider",
            "providers",
        ] {
            assert_eq!(checked(bad), None, "{bad:?}");
        }
    }
}
