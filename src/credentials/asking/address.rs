//! Where an address is: what a registry may make this program ask, and what it may not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// One network segment, where clouds serve a machine's own credentials: nobody's token server.
    LinkLocal,
    /// This machine or its own networks.
    Private,
    /// Anywhere.
    Public,
}

/// The zone of an address; what stands for an IPv4 address within IPv6 is judged as that.
pub(super) fn zone(address: IpAddr) -> Zone {
    match address {
        IpAddr::V4(v4) => zone_v4(v4),
        IpAddr::V6(v6) => embedded(v6).map_or_else(|| zone_v6(v6), zone_v4),
    }
}

fn zone_v4(address: Ipv4Addr) -> Zone {
    let [first, second, ..] = address.octets();
    if address.is_link_local() {
        return Zone::LinkLocal;
    }
    // RFC 6598 shares 100.64.0.0/10 between a provider and its customers; of 0.0.0.0/8 (RFC 1122) Linux
    // takes the first for itself; from 224 on nothing is one machine's address.
    let shared = first == 100 && second & 0b1100_0000 == 64;
    let private = address.is_private() || address.is_loopback() || shared || first == 0 || first >= 224;
    if private { Zone::Private } else { Zone::Public }
}

fn zone_v6(address: Ipv6Addr) -> Zone {
    // AWS serves a machine's and a pod's credentials at fd00:ec2::254 and ::23 too.
    let aws_metadata = address.segments().starts_with(&[0xfd00, 0x0ec2]);
    if address.is_unicast_link_local() || aws_metadata {
        return Zone::LinkLocal;
    }
    let private = address.is_unique_local()
        || address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast();
    if private { Zone::Private } else { Zone::Public }
}

/// The IPv4 address in `::ffff:a.b.c.d` (RFC 4291) or behind NAT64's `64:ff9b::a.b.c.d` (RFC 6052).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() else {
        return address.to_ipv4_mapped();
    };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Some(Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_zone() {
        let table = [
            (Zone::LinkLocal, "169.254.0.0 169.254.169.254 ::ffff:169.254.169.254 64:ff9b::169.254.169.254"),
            (Zone::LinkLocal, "fe80::1 febf::1 fd00:ec2::254 fd00:ec2::23"),
            (Zone::Private, "127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1 0.0.0.0 0.1.2.3 ::"),
            (
                Zone::Private,
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 ::ffff:10.0.0.1 64:ff9b::10.0.0.1",
            ),
            (Zone::Private, "100.64.0.1 100.127.255.255 fc00::1 fdff::1"),
            (Zone::Private, "224.0.0.1 240.0.0.1 255.255.255.255 ff02::1"),
            (Zone::Public, "8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 169.253.0.1 192.169.0.1"),
            (Zone::Public, "2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 fec0::1"),
        ];
        for (expected, addresses) in table {
            for address in addresses.split(' ') {
                assert_eq!(zone(address.parse().unwrap()), expected, "{address}");
            }
        }
    }
}
