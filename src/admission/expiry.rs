//! When a certificate ends: the one field of X.509 that rustls doesn't tell (RFC 5280, section 4.1).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The version, which the oldest certificates lack.
const VERSION: u8 = 0xa0;

/// When a certificate, as DER, ends; `None` where it can't be read.
pub(super) fn of(certificate: &[u8]) -> Option<Timestamp> {
    let (signed, _) = element(certificate, SEQUENCE)?;
    let (fields, _) = element(signed, SEQUENCE)?;
    let fields = element(fields, VERSION).map_or(fields, |(_, rest)| rest);
    let (_serial, fields) = element(fields, INTEGER)?;
    let (_signature, fields) = element(fields, SEQUENCE)?;
    let (_issuer, fields) = element(fields, SEQUENCE)?;
    let (validity, _) = element(fields, SEQUENCE)?;
    let (_, begin, rest) = any(validity)?;
    let (kind, end, _) = any(rest)?;
    (!begin.is_empty()).then_some(())?;
    time(kind, std::str::from_utf8(end).ok()?)
}

/// The content of an element of a kind, and what follows it.
fn element(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    any(bytes).filter(|(own, ..)| *own == kind).map(|(_, content, rest)| (content, rest))
}

/// The kind of the first element, its content, and what follows it.
fn any(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, bytes) = bytes.split_first()?;
    let (first, bytes) = bytes.split_first()?;
    let (length, bytes) = if *first < 0x80 {
        (usize::from(*first), bytes)
    } else {
        let (digits, rest) = bytes.split_at_checked(usize::from(*first & 0x7f))?;
        let digits = digits.iter().try_fold(0_usize, |length, digit| {
            length.checked_mul(256).map(|length| length + usize::from(*digit))
        });
        (digits?, rest)
    };
    let (content, rest) = bytes.split_at_checked(length)?;
    Some((*kind, content, rest))
}

/// `YYMMDDhhmmssZ` up to 2049, and `YYYYMMDDhhmmssZ` from then on.
fn time(kind: u8, text: &str) -> Option<Timestamp> {
    let text = match kind {
        // RFC 5280, section 4.1.2.5.1.
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    Offset::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(year: i32) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 11, 12);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn both_forms_of_time_are_read() {
        for (year, text) in
            [(1999, "1999-11-12T00:00:00Z"), (2049, "2049-11-12T00:00:00Z"), (2050, "2050-11-12T00:00:00Z")]
        {
            assert_eq!(of(&ending(year)).map(|end| end.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_none_has_no_end_and_does_no_harm() {
        let good = ending(2030);
        for length in 0..good.len() {
            of(&good[..length]);
            let mut bad = good.clone();
            bad[length] = 0xff;
            of(&bad);
        }
        assert_eq!(of(b""), None);
        assert_eq!(of(&[0x30, 0xff]), None);
        assert_eq!(of(&good[1..]), None);
    }
}
