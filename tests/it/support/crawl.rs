//! Walks through the pages along their links.

use std::collections::{BTreeSet, VecDeque};

use super::browse::{Reply, Visitor};

/// Most pages of one walk; more means that links breed links.
const MOST_PAGES: usize = 400;

/// A page that a link led to.
pub struct Found {
    /// The address, without its fragment.
    pub address: String,
    /// The page with the link.
    pub from: String,
    /// The answer.
    pub reply: Reply,
}

/// Every page that links lead to, from the start page on. Links to other sites and to files are left alone.
pub async fn every_page(visitor: &mut Visitor) -> Vec<Found> {
    let mut known = BTreeSet::from(["/".to_owned()]);
    let mut waiting = VecDeque::from([("/".to_owned(), "the start".to_owned())]);
    let mut found = Vec::new();
    while let Some((address, from)) = waiting.pop_front() {
        let reply = visitor.get(&address).await;
        let mut targets = reply.attrs("a[href]", "href");
        if reply.status == 303 {
            targets.push(reply.header("location").to_owned());
        }
        for target in targets {
            let Some(target) = own_page(&target, &address) else { continue };
            if known.insert(target.clone()) {
                waiting.push_back((target, address.clone()));
            }
        }
        found.push(Found { address, from, reply });
        assert!(found.len() < MOST_PAGES, "links breed links: {known:?}");
    }
    found
}

/// The address of one of our pages that a link names.
fn own_page(target: &str, from: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    let path = from.split('?').next().unwrap_or_default();
    match target {
        "" => None,
        _ if target.starts_with("/static/") || target.starts_with("//") => None,
        _ if target.starts_with('/') => Some(target.to_owned()),
        _ if target.starts_with('?') => Some(format!("{path}{target}")),
        _ => None,
    }
}
