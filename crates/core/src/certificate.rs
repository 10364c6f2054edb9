//! Reads from a certificate (X.509, DER) how long it lasts and whom it is for. Signatures are others' to check.

use core::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub from: Timestamp,
    pub until: Timestamp,
    /// DNS names and addresses that it is for, in its order.
    pub names: Vec<String>,
}

/// Bytes that are no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate: {0}")]
pub struct Malformed(&'static str);

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`: the version, which only certificates of version 1 leave out.
const VERSION: u8 = 0xa0;
/// `[3]`: the extensions.
const EXTENSIONS: u8 = 0xa3;
/// 2.5.29.17, subjectAltName.
const ALTERNATIVE_NAME: [u8; 3] = [0x55, 0x1d, 0x11];
const DNS_NAME: u8 = 0x82;
const ADDRESS: u8 = 0x87;

/// Returns what the certificate says.
///
/// # Errors
/// When the bytes are not formed as a certificate.
pub fn read(der: &[u8]) -> Result<Facts, Malformed> {
    let mut certificate = Reader(der).enter(SEQUENCE)?;
    let mut body = certificate.enter(SEQUENCE)?;
    if body.peek() == Some(VERSION) {
        body.any()?;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        body.any()?;
    }
    let mut validity = body.enter(SEQUENCE)?;
    let (from, until) = (validity.time()?, validity.time()?);
    let mut names = Vec::new();
    while let Some(tag) = body.peek() {
        let value = body.any()?.1;
        if tag == EXTENSIONS {
            names = alternative_names(value)?;
        }
    }
    Ok(Facts { from, until, names })
}

fn alternative_names(extensions: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut extensions = Reader(extensions).enter(SEQUENCE)?;
    while extensions.peek().is_some() {
        let mut extension = extensions.enter(SEQUENCE)?;
        if extension.value(OBJECT)? != ALTERNATIVE_NAME {
            continue;
        }
        // Whether it is critical may stand between.
        let (mut tag, mut value) = extension.any()?;
        if tag != OCTETS {
            (tag, value) = extension.any()?;
        }
        if tag != OCTETS {
            return Err(Malformed("an extension without a value"));
        }
        return names(value);
    }
    Ok(Vec::new())
}

fn names(value: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut list = Reader(value).enter(SEQUENCE)?;
    let mut names = Vec::new();
    while list.peek().is_some() {
        match list.any()? {
            (DNS_NAME, name) => names.push(String::from_utf8_lossy(name).into_owned()),
            (ADDRESS, address) => names.extend(address_of(address).map(|address| address.to_string())),
            _ => {}
        }
    }
    Ok(names)
}

fn address_of(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Returns the tag and the value of what comes next.
    fn any(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        const SHORT: Malformed = Malformed("it ends early");
        let (&tag, rest) = self.0.split_first().ok_or(SHORT)?;
        let (&first, mut rest) = rest.split_first().ok_or(SHORT)?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let digits = usize::from(first & 0x7f);
            if !(1..=4).contains(&digits) {
                return Err(Malformed("a length that is no length"));
            }
            let (length, after) = rest.split_at_checked(digits).ok_or(SHORT)?;
            rest = after;
            length.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
        };
        let (value, after) = rest.split_at_checked(length).ok_or(SHORT)?;
        self.0 = after;
        Ok((tag, value))
    }

    fn value(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        match self.any()? {
            (found, value) if found == tag => Ok(value),
            _ => Err(Malformed("something else than expected")),
        }
    }

    fn enter(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.value(tag).map(Reader)
    }

    fn time(&mut self) -> Result<Timestamp, Malformed> {
        const NO_TIME: Malformed = Malformed("a time that is no time");
        let (tag, text) = self.any()?;
        let text = std::str::from_utf8(text).map_err(|_| NO_TIME)?.strip_suffix('Z').ok_or(NO_TIME)?;
        let years = match tag {
            UTC_TIME => 2,
            GENERALIZED_TIME => 4,
            _ => return Err(NO_TIME),
        };
        if text.len() != years + 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NO_TIME);
        }
        let (year, rest) = text.split_at(years);
        let year: i16 = year.parse().map_err(|_| NO_TIME)?;
        // Two digits are of 1950 to 2049.
        let year = match (years, year) {
            (2, year @ 50..) => 1900 + year,
            (2, year) => 2000 + year,
            (_, year) => year,
        };
        let part = |at: usize| rest[at..at + 2].parse::<i8>().map_err(|_| NO_TIME);
        let civil = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).map_err(|_| NO_TIME)?;
        TimeZone::UTC.to_timestamp(civil).map_err(|_| NO_TIME)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).expect("short").to_be_bytes();
        [&[tag, 0x82], &length[..], value].concat()
    }

    fn certificate(from: &[u8], until: &[u8], names: &[u8]) -> Vec<u8> {
        let validity = tlv(SEQUENCE, &[from, until].concat());
        let extension = tlv(SEQUENCE, &[tlv(OBJECT, &ALTERNATIVE_NAME), tlv(OCTETS, &tlv(SEQUENCE, names))].concat());
        let extensions = tlv(EXTENSIONS, &tlv(SEQUENCE, &extension));
        let parts = [
            tlv(VERSION, &[2, 1, 2]),
            tlv(2, &[1]),
            tlv(SEQUENCE, &[]),
            tlv(SEQUENCE, &[]),
            validity,
            tlv(SEQUENCE, &[]),
            tlv(SEQUENCE, &[]),
            extensions,
        ];
        tlv(SEQUENCE, &tlv(SEQUENCE, &parts.concat()))
    }

    #[test]
    fn both_forms_of_time_and_all_names_are_read() {
        let names = [tlv(DNS_NAME, b"hook.web.svc"), tlv(ADDRESS, &[127, 0, 0, 1]), tlv(ADDRESS, &[0; 16])].concat();
        let der = certificate(&tlv(UTC_TIME, b"491231235959Z"), &tlv(GENERALIZED_TIME, b"20500102030405Z"), &names);
        let facts = read(&der).expect("a certificate");
        assert_eq!(facts.from.to_string(), "2049-12-31T23:59:59Z");
        assert_eq!(facts.until.to_string(), "2050-01-02T03:04:05Z");
        assert_eq!(facts.names, ["hook.web.svc", "127.0.0.1", "::"]);
        for cut in 0..der.len() {
            assert!(read(&der[..cut]).is_err(), "{cut} bytes");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let wrapped = certificate(&bytes, &tlv(UTC_TIME, &bytes), &bytes);
            prop_assert!(read(&bytes).is_err());
            prop_assert!(read(&wrapped).is_err());
        }
    }
}
