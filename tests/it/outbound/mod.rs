//! The guarded client, against real servers.

mod calls;
mod guard;
mod peers;
mod proxies;
mod routes;
mod tls;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use claviger::providers::outbound::{Lookup, Outbound, OutboundSettings};
use claviger::providers::policy::AllowRule;

/// An answer with a small JSON body.
const FINE: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"ok\":true}";

fn listing(allow: &str) -> OutboundSettings {
    OutboundSettings { allow: AllowRule::parse_list(allow).expect(allow), ..OutboundSettings::default() }
}

fn outbound(settings: OutboundSettings) -> Outbound {
    Outbound::new(settings).expect("settings that can be used")
}

/// A client for which every name has these addresses.
fn outbound_naming(settings: OutboundSettings, addresses: &[&str]) -> Outbound {
    let ips: Vec<IpAddr> = addresses.iter().map(|text| text.parse().expect(text)).collect();
    outbound_looking_up(settings, Arc::new(move |_| Box::pin(std::future::ready(Ok(ips.clone())))))
}

/// A client for which every lookup fails with these words.
fn outbound_failing(settings: OutboundSettings, words: &'static str) -> Outbound {
    outbound_looking_up(settings, Arc::new(move |_| Box::pin(std::future::ready(Err(io::Error::other(words))))))
}

fn outbound_looking_up(settings: OutboundSettings, lookup: Lookup) -> Outbound {
    Outbound::with_lookup(settings, lookup).expect("settings that can be used")
}
