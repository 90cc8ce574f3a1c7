//! Blocks of addresses and the partition of the address space that they cut.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bits::BitSet;

/// An inclusive range of addresses of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpRange {
    /// The first address.
    pub first: IpAddr,
    /// The last address.
    pub last: IpAddr,
}

impl IpRange {
    /// All of IPv4.
    pub const V4: Self =
        Self { first: IpAddr::V4(Ipv4Addr::UNSPECIFIED), last: IpAddr::V4(Ipv4Addr::BROADCAST) };
    /// All of IPv6.
    pub const V6: Self =
        Self { first: IpAddr::V6(Ipv6Addr::UNSPECIFIED), last: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)) };

    /// Whether the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        // `IpAddr` orders IPv4 before IPv6, so a range of one family holds none of the other.
        self.first <= address && address <= self.last
    }

    /// The number of leading bits that all its addresses share.
    pub fn prefix(&self) -> u32 {
        match (self.first, self.last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => (first.to_bits() ^ last.to_bits()).leading_zeros(),
            (IpAddr::V6(first), IpAddr::V6(last)) => (first.to_bits() ^ last.to_bits()).leading_zeros(),
            _ => 0,
        }
    }

    /// Whether the whole of `other` is in it.
    pub fn covers(&self, other: &Self) -> bool {
        self.contains(other.first) && self.contains(other.last)
    }
}

/// `10.0.0.0-10.255.255.255`
impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Why a text is no CIDR, in words that follow "is not a CIDR:".
pub type CidrProblem = &'static str;

/// A CIDR as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// The addresses.
    pub range: IpRange,
    /// Whether the text has leading zeros or bits set beyond the prefix, which newer servers warn of.
    pub legacy: bool,
}

impl Cidr {
    /// Reads `10.0.0.0/8` or `fd00::/8`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, CidrProblem> {
        let (address, prefix) = text.split_once('/').ok_or("the prefix length (`/24`) is missing")?;
        let (address, zeros) = match address.parse::<IpAddr>() {
            Ok(address) => (address, false),
            Err(_) => (leading_zeros(address).ok_or("the address is not an IPv4 or IPv6 address")?, true),
        };
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let bits: u32 =
            if digits { prefix.parse().ok() } else { None }.ok_or("the prefix length is not a number")?;
        let range = match address {
            IpAddr::V4(address) if bits <= 32 => {
                let hosts = u32::MAX.checked_shr(bits).unwrap_or(0);
                let (first, last) = (address.to_bits() & !hosts, address.to_bits() | hosts);
                IpRange { first: Ipv4Addr::from_bits(first).into(), last: Ipv4Addr::from_bits(last).into() }
            }
            IpAddr::V6(address) if bits <= 128 => {
                let hosts = u128::MAX.checked_shr(bits).unwrap_or(0);
                let (first, last) = (address.to_bits() & !hosts, address.to_bits() | hosts);
                IpRange { first: Ipv6Addr::from_bits(first).into(), last: Ipv6Addr::from_bits(last).into() }
            }
            IpAddr::V4(_) => return Err("the prefix length of an IPv4 block is 0 to 32"),
            IpAddr::V6(_) => return Err("the prefix length of an IPv6 block is 0 to 128"),
        };
        let padded = prefix.len() > 1 && prefix.starts_with('0');
        Ok(Self { range, legacy: zeros || padded || range.first != address })
    }
}

/// Dotted decimal with leading zeros, which old servers accepted and read as decimal.
fn leading_zeros(text: &str) -> Option<IpAddr> {
    let mut bytes = [0; 4];
    let mut parts = text.split('.');
    for byte in &mut bytes {
        let part =
            parts.next().filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))?;
        *byte = part.trim_start_matches('0').parse().or_else(|_| part.parse()).ok()?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(bytes).into())
}

/// Addresses: a block without its exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IpBlock {
    /// The block.
    pub range: IpRange,
    /// What is cut out of it; each lies within the block.
    pub except: Vec<IpRange>,
}

impl IpBlock {
    /// Whether the address belongs to the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.range.contains(address) && !self.except.iter().any(|except| except.contains(address))
    }
}

/// As CIDRs: `10.0.0.0/8 except 10.1.0.0/16`.
impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cidr = |range: &IpRange| format!("{}/{}", range.first, range.prefix());
        f.write_str(&cidr(&self.range))?;
        if self.except.is_empty() {
            return Ok(());
        }
        let except: Vec<_> = self.except.iter().map(cidr).collect();
        write!(f, " except {}", except.join(", "))
    }
}

/// The address space, cut into the coarsest pieces such that each block consists of whole pieces.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    /// The pieces, ascending, IPv4 before IPv6. Neighbours differ in at least one block.
    pub(crate) pieces: Vec<IpRange>,
    /// For each block the pieces that it consists of.
    pub(crate) members: Vec<BitSet>,
}

impl Partition {
    pub(crate) fn new(blocks: &[&IpBlock]) -> Self {
        let mut starts = vec![IpRange::V4.first, IpRange::V6.first];
        for range in blocks.iter().flat_map(|block| std::iter::once(&block.range).chain(&block.except)) {
            starts.push(range.first);
            starts.extend(successor(range.last));
        }
        starts.sort_unstable();
        starts.dedup();

        let inside = |start: IpAddr| {
            blocks.iter().enumerate().filter(move |(_, block)| block.contains(start)).map(|(i, _)| i)
        };
        let mut pieces: Vec<(IpRange, Vec<usize>)> = Vec::with_capacity(starts.len());
        for (index, &first) in starts.iter().enumerate() {
            let family = if first.is_ipv4() { IpRange::V4 } else { IpRange::V6 };
            let next = starts.get(index + 1).filter(|next| family.contains(**next));
            let last = next.and_then(|next| predecessor(*next)).unwrap_or(family.last);
            let membership: Vec<usize> = inside(first).collect();
            match pieces.last_mut() {
                Some((before, same)) if *same == membership && before.first.is_ipv4() == first.is_ipv4() => {
                    before.last = last;
                }
                _ => pieces.push((IpRange { first, last }, membership)),
            }
        }

        let mut members = vec![BitSet::empty(pieces.len()); blocks.len()];
        for (piece, (_, membership)) in pieces.iter().enumerate() {
            for &block in membership {
                members[block].insert(piece);
            }
        }
        Self { pieces: pieces.into_iter().map(|(range, _)| range).collect(), members }
    }

    /// The piece that holds the address.
    pub(crate) fn piece_of(&self, address: IpAddr) -> usize {
        self.pieces.partition_point(|piece| piece.last < address)
    }
}

pub(super) fn successor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_add(1).map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(address) => address.to_bits().checked_add(1).map(|bits| Ipv6Addr::from_bits(bits).into()),
    }
}

fn predecessor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_sub(1).map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(address) => address.to_bits().checked_sub(1).map(|bits| Ipv6Addr::from_bits(bits).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(cidr: &str, except: &[&str]) -> IpBlock {
        let range = |text: &str| Cidr::parse(text).unwrap().range;
        IpBlock { range: range(cidr), except: except.iter().map(|text| range(text)).collect() }
    }

    #[test]
    fn cidrs_of_both_families() {
        assert_eq!(Cidr::parse("10.0.0.0/8").unwrap().range.to_string(), "10.0.0.0-10.255.255.255");
        assert_eq!(Cidr::parse("0.0.0.0/0").unwrap().range, IpRange::V4);
        assert_eq!(Cidr::parse("::/0").unwrap().range, IpRange::V6);
        assert_eq!(Cidr::parse("203.0.113.7/32").unwrap().range.to_string(), "203.0.113.7-203.0.113.7");
        assert_eq!(Cidr::parse("fd00::/127").unwrap().range.to_string(), "fd00::-fd00::1");
    }

    #[test]
    fn legacy_forms_are_read_and_marked() {
        assert!(!Cidr::parse("10.0.0.0/8").unwrap().legacy);
        for text in ["10.1.0.0/8", "010.0.0.0/8", "10.0.0.0/08"] {
            let cidr = Cidr::parse(text).unwrap();
            assert!(cidr.legacy, "{text}");
            assert_eq!(cidr.range.to_string(), "10.0.0.0-10.255.255.255");
        }
    }

    #[test]
    fn what_is_no_cidr() {
        for text in [
            "",
            "10.0.0.0",
            "10.0.0/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "300.0.0.0/8",
            "x/8",
        ] {
            assert!(Cidr::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_partition_is_cut_at_bounds_and_joined_where_no_block_differs() {
        let blocks = [block("10.0.0.0/8", &["10.1.0.0/16"]), block("10.1.0.0/16", &[])];
        let partition = Partition::new(&blocks.iter().collect::<Vec<_>>());
        let pieces: Vec<_> = partition.pieces.iter().map(ToString::to_string).collect();
        assert_eq!(
            pieces,
            [
                "0.0.0.0-9.255.255.255",
                "10.0.0.0-10.0.255.255",
                "10.1.0.0-10.1.255.255",
                "10.2.0.0-10.255.255.255",
                "11.0.0.0-255.255.255.255",
                "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ]
        );
        assert_eq!(partition.members[0].iter().collect::<Vec<_>>(), [1, 3]);
        assert_eq!(partition.members[1].iter().collect::<Vec<_>>(), [2]);
        assert_eq!(partition.piece_of("10.1.2.3".parse().unwrap()), 2);
        assert_eq!(partition.piece_of("::1".parse().unwrap()), 5);
    }

    #[test]
    fn the_whole_space_leaves_no_cut() {
        let partition = Partition::new(&[&block("0.0.0.0/0", &[]), &block("::/0", &["fd00::/8"])]);
        assert_eq!(partition.pieces.len(), 4);
        assert_eq!(partition.pieces[0], IpRange::V4);
    }
}
