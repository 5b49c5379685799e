//! Whose turn it is, where a pass can't see to all of them.

use jiff::Timestamp;

/// Has them begin at another place at another time.
///
/// Passes come at regular times, so their number of seconds alone would not do: of 72, the same is first each hour.
/// It is mixed (the last steps of `SplitMix64`), so each is as likely to be first, and none waits for ever.
pub(super) fn take_turns<T>(all: &mut [T], now: Timestamp) {
    let mut mixed = now.as_second().cast_unsigned();
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
    if let Some(start) = mixed.checked_rem(count) {
        all.rotate_left(usize::try_from(start).unwrap_or_default());
    }
}
