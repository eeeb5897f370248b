//! Commands that open a firewall to the organization's addresses. Made of addresses alone: labels are free text,
//! and these are pasted into shells.

use ipnet::IpNet;

use crate::domain::egress::EgressAddress;

/// One place where the addresses may have to be entered.
pub struct Snippet {
    /// The name of its element.
    pub id: &'static str,
    /// Where.
    pub place: &'static str,
    /// What to do there, in a sentence or two.
    pub advice: &'static str,
    /// What the code is, for screen readers.
    pub name: &'static str,
    /// What to copy.
    pub code: String,
}

/// For every place that we know.
pub fn all(addresses: &[EgressAddress]) -> Vec<Snippet> {
    let nets: Vec<IpNet> = addresses.iter().map(|address| address.net).collect();
    let found = [azure(&nets), google_key(&nets), google_perimeter(&nets), aws(&nets), nginx(&nets), linux(&nets)];
    found.into_iter().filter(|snippet| !snippet.code.is_empty()).collect()
}

/// <https://learn.microsoft.com/azure/ai-services/cognitive-services-virtual-networks>: IPv4 only, and single
/// addresses without a prefix.
fn azure(nets: &[IpNet]) -> Snippet {
    let rule = |net: &IpNet| {
        format!(
            "az cognitiveservices account network-rule add \\\n  --resource-group RESOURCE_GROUP \\\n  \
             --name RESOURCE_NAME \\\n  --ip-address {}",
            bare(net)
        )
    };
    Snippet {
        id: "azure",
        place: "Azure OpenAI and Azure AI Foundry",
        advice: "In the Azure portal, open the resource, then Networking. Under Selected networks, add each address \
                 to the firewall; it takes IPv4 only. Or:",
        name: "Azure commands",
        code: lines(nets.iter().filter(|net| is_v4(net)).map(rule)),
    }
}

/// <https://cloud.google.com/sdk/gcloud/reference/services/api-keys/update>
fn google_key(nets: &[IpNet]) -> Snippet {
    let listed = nets.iter().map(bare).collect::<Vec<_>>().join(",");
    Snippet {
        id: "gemini",
        place: "Gemini",
        advice: "If the API key is restricted to IP addresses, list all of them. The command replaces the key’s list.",
        name: "Google command for the API key",
        code: if nets.is_empty() {
            String::new()
        } else {
            format!("gcloud services api-keys update KEY_ID \\\n  --allowed-ips={listed}")
        },
    }
}

/// <https://cloud.google.com/access-context-manager/docs/create-basic-access-level>
fn google_perimeter(nets: &[IpNet]) -> Snippet {
    let listed = lines(nets.iter().map(|net| format!("    - {net}")));
    Snippet {
        id: "vertex-ai",
        place: "Vertex AI",
        advice: "If VPC Service Controls protects the project, make an access level of the addresses and name it in \
                 the perimeter.",
        name: "Google commands for an access level",
        code: if nets.is_empty() {
            String::new()
        } else {
            format!(
                "cat > claviger.yaml <<'END'\n- ipSubnetworks:\n{listed}\nEND\n\
                 gcloud access-context-manager levels create claviger \\\n  --title=Claviger \\\n  \
                 --basic-level-spec=claviger.yaml \\\n  --policy=POLICY_ID"
            )
        },
    }
}

/// <https://docs.aws.amazon.com/cli/latest/reference/ec2/authorize-security-group-ingress.html>
fn aws(nets: &[IpNet]) -> Snippet {
    let ranges = |kind: &str, field: &str, wanted: fn(&IpNet) -> bool| {
        let listed: Vec<String> = nets
            .iter()
            .filter(|net| wanted(net))
            .map(|net| format!("{{{field}={net},Description=Claviger}}"))
            .collect();
        if listed.is_empty() { String::new() } else { format!(",{kind}=[{}]", listed.join(",")) }
    };
    let both = ranges("IpRanges", "CidrIp", is_v4) + &ranges("Ipv6Ranges", "CidrIpv6", is_v6);
    Snippet {
        id: "aws",
        place: "Your own server on AWS",
        advice: "Add them to the security group of the server or its load balancer.",
        name: "AWS command",
        code: if nets.is_empty() {
            String::new()
        } else {
            format!(
                "aws ec2 authorize-security-group-ingress \\\n  --group-id SECURITY_GROUP_ID \\\n  \
                 --ip-permissions 'IpProtocol=tcp,FromPort=443,ToPort=443{both}'"
            )
        },
    }
}

/// <https://nginx.org/en/docs/http/ngx_http_access_module.html>
fn nginx(nets: &[IpNet]) -> Snippet {
    let allowed = lines(nets.iter().map(|net| format!("allow {};", bare(net))));
    Snippet {
        id: "nginx",
        place: "Your own server behind nginx",
        advice: "In the location block of the endpoint:",
        name: "nginx rules",
        code: if nets.is_empty() { String::new() } else { format!("{allowed}\ndeny all;") },
    }
}

fn linux(nets: &[IpNet]) -> Snippet {
    let rule = |net: &IpNet| {
        let program = if is_v4(net) { "iptables" } else { "ip6tables" };
        format!("{program} -A INPUT -p tcp --dport 443 -s {} -j ACCEPT", bare(net))
    };
    Snippet {
        id: "iptables",
        place: "Your own server on Linux",
        advice: "Before the rule that closes the port. Put the endpoint’s port in the place of 443.",
        name: "iptables commands",
        code: lines(nets.iter().map(rule)),
    }
}

fn is_v4(net: &IpNet) -> bool {
    matches!(net, IpNet::V4(_))
}

fn is_v6(net: &IpNet) -> bool {
    !is_v4(net)
}

/// Without the prefix if it is a single address.
fn bare(net: &IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

fn lines(of: impl Iterator<Item = String>) -> String {
    of.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(of: &str, addresses: &[&str]) -> Option<String> {
        let label = "'; rm -rf / #";
        let addresses: Vec<_> = addresses.iter().map(|text| EgressAddress::parse(text, label).unwrap()).collect();
        all(&addresses).into_iter().find(|snippet| snippet.id == of).map(|snippet| snippet.code)
    }

    #[test]
    fn azure_gets_a_command_for_each_address_that_it_takes() {
        let code = code("azure", &["203.0.113.10", "198.51.100.0/28", "2001:db8::1"]).unwrap();
        assert_eq!(code.matches("network-rule add").count(), 2);
        assert!(
            code.contains("--ip-address 203.0.113.10\n") && code.ends_with("--ip-address 198.51.100.0/28"),
            "{code}"
        );
    }

    #[test]
    fn a_place_that_takes_none_of_them_is_left_out() {
        assert_eq!(code("azure", &["2001:db8::1"]), None);
        assert!(all(&[]).is_empty());
    }

    #[test]
    fn each_family_goes_where_it_belongs() {
        let both = ["203.0.113.10", "2001:db8::/64"];
        let aws = code("aws", &both).unwrap();
        assert!(aws.contains("IpRanges=[{CidrIp=203.0.113.10/32,Description=Claviger}]"), "{aws}");
        assert!(aws.contains("Ipv6Ranges=[{CidrIpv6=2001:db8::/64,Description=Claviger}]"), "{aws}");
        let linux = code("iptables", &both).unwrap();
        assert!(linux.starts_with("iptables ") && linux.contains("\nip6tables "), "{linux}");
        assert_eq!(code("nginx", &both).unwrap(), "allow 203.0.113.10;\nallow 2001:db8::/64;\ndeny all;");
        assert!(code("gemini", &both).unwrap().ends_with("--allowed-ips=203.0.113.10,2001:db8::/64"));
        assert!(code("vertex-ai", &both).unwrap().contains("    - 203.0.113.10/32\n    - 2001:db8::/64\nEND"));
    }

    #[test]
    fn no_label_reaches_a_command() {
        let addresses = [EgressAddress::parse("203.0.113.10", "$(reboot)").unwrap()];
        assert!(all(&addresses).iter().all(|snippet| !snippet.code.contains("reboot")));
    }
}
