//! Integers and floats to and from text, exactly as Redis reads and writes them.
//!
//! Formatting never allocates: a [`Text`] lives on the stack. Floats are printed by Grisu2, because that is what the servers
//! of today print (Redis 7.2 and later, Valkey), including the two values in a thousand where Grisu2 misses the
//! shortest digits. Redis 7.0 prints the same doubles with `%.17g` (`3.1` as `3.1000000000000001`, `1e-5` as
//! `1.0000000000000001e-05`); both read back to the same double, so only the spelling differs.
//! INCRBYFLOAT's numbers are wider than a double: see [`super::extended`].

use core::fmt::Write;
use core::ops::Deref;

/// A short text on the stack: at most 32 bytes, written from the end backwards.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; Text::CAPACITY],
    start: u8,
}

impl Text {
    const CAPACITY: usize = 32;

    fn new() -> Self {
        Text { bytes: [0; Self::CAPACITY], start: Self::CAPACITY as u8 }
    }
    fn of(text: &[u8]) -> Self {
        let mut out = Text::new();
        out.prepend_all(text);
        out
    }
    fn prepend(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start as usize] = byte;
    }
    fn prepend_all(&mut self, text: &[u8]) {
        let end = self.start as usize;
        self.start -= text.len() as u8;
        self.bytes[self.start as usize..end].copy_from_slice(text);
    }
    fn prepend_zeros(&mut self, count: usize) {
        for _ in 0..count {
            self.prepend(b'0');
        }
    }
    fn prepend_u64(&mut self, mut value: u64) {
        const EIGHT: u64 = 100_000_000;
        if value < 10 {
            return self.prepend(b'0' + value as u8);
        }
        while value >= EIGHT {
            self.prepend_all(&eight_digits(value % EIGHT).to_le_bytes());
            value /= EIGHT;
        }
        let digits = eight_digits(value);
        let zeros = (digits & 0x0f0f_0f0f_0f0f_0f0f).trailing_zeros() as u8 / 8;
        self.prepend_all(&digits.to_le_bytes());
        self.start += zeros;
    }
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start as usize..]
    }
}

impl Deref for Text {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl core::fmt::Debug for Text {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(core::str::from_utf8(self).unwrap_or("?"))
    }
}

/// The digits of a number that has at most eight, the first in the lowest byte: all halves of it are divided at once, by
/// multiplying. A reply of a million integers is a million of these.
fn eight_digits(value: u64) -> u64 {
    let fours = value / 10_000 + ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    (tens | (pairs - tens * 10) << 8) | u64::from_ne_bytes([b'0'; 8])
}

/// The longest text an `i64` can have: `-9223372036854775808`.
pub const MAX_I64_TEXT: usize = 20;

/// Reads a canonical integer: what [`format_i64`] would print, and nothing else. `+1`, `01`, `-0` and ` 1` are strings.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    if text.len() > MAX_I64_TEXT {
        return None;
    }
    match text {
        [b'-', digits @ ..] => match parse_u64(digits)? {
            0 => None,
            magnitude => 0i64.checked_sub_unsigned(magnitude),
        },
        digits => i64::try_from(parse_u64(digits)?).ok(),
    }
}

/// Reads a canonical unsigned integer: no sign, no leading zero, no space.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    match text {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] if text.len() <= MAX_I64_TEXT => text.iter().try_fold(0u64, |value, byte| {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value.checked_mul(10)?.checked_add(u64::from(digit))
        }),
        _ => None,
    }
}

pub fn format_i64(value: i64) -> Text {
    let mut text = Text::new();
    text.prepend_u64(value.unsigned_abs());
    if value < 0 {
        text.prepend(b'-');
    }
    text
}

pub fn format_u64(value: u64) -> Text {
    let mut text = Text::new();
    text.prepend_u64(value);
    text
}

/// How many bytes [`format_i64`] would write.
pub fn i64_text_len(value: i64) -> usize {
    let digits = value.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
    digits + usize::from(value < 0)
}

/// Reads a score or another double as ZADD does. Infinity is written `inf` or `infinity` in any case; not-a-number,
/// spaces, and texts whose value overflows to infinity or underflows to zero are refused.
///
/// Hexadecimal floats are refused, as by Redis 8 and Valkey 9 (Redis 7.0 reads them).
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let value = parse_f64_saturating(text)?;
    let overflowed = value.is_infinite() && text.iter().any(u8::is_ascii_digit);
    let underflowed = value == 0.0 && mantissa_of(text).iter().any(|byte| matches!(byte, b'1'..=b'9'));
    (!overflowed && !underflowed).then_some(value)
}

/// Reads a double where too large means infinity and too small means zero, as the ends of a score range are read.
pub fn parse_f64_saturating(text: &[u8]) -> Option<f64> {
    read_f64(text).filter(|value| !value.is_nan())
}

/// Reads a double in any way of writing that Rust knows, not-a-number among them.
pub fn read_f64(text: &[u8]) -> Option<f64> {
    #[cfg(not(target_arch = "wasm32"))]
    return core::str::from_utf8(text).ok()?.parse().ok();
    #[cfg(target_arch = "wasm32")]
    return super::extended::read_f64(text);
}

fn mantissa_of(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
    &text[..end]
}

/// The integer a double holds, unless it is so large that the conversion would need care: at most half of `i64`.
pub fn exact_integer(value: f64) -> Option<i64> {
    const HALF: f64 = (i64::MAX / 2) as f64;
    if !(-HALF..=HALF).contains(&value) {
        return None;
    }
    let integer = value as i64;
    (integer as f64 == value).then_some(integer)
}

/// Prints a double as replies and stored scores show it.
pub fn format_f64(value: f64) -> Text {
    match exact_integer(value) {
        Some(integer) if value.is_finite() && value != 0.0 => format_i64(integer),
        _ => format_f64_shortest(value),
    }
}

/// Prints a double with as few digits as say it, an integer with zeros at its end in scientific notation as well.
pub fn format_f64_shortest(value: f64) -> Text {
    if value.is_nan() {
        return Text::of(b"nan");
    }
    if value.is_infinite() {
        return Text::of(if value > 0.0 { b"inf" } else { b"-inf" });
    }
    if value == 0.0 {
        return Text::of(if value.is_sign_negative() { b"-0" } else { b"0" });
    }
    let mut text = lay_out(grisu::digits(value.abs()));
    if value < 0.0 {
        text.prepend(b'-');
    }
    text
}

/// Prints a double with seventeen significant digits, or fewer where only zeros follow: C's `%.17g`.
pub fn format_f64_to_17_digits(value: f64) -> Text {
    const DIGITS: i32 = 17;
    if value == 0.0 || !value.is_finite() {
        return format_f64(value);
    }
    let mut printed = OnStack { bytes: [0; Text::CAPACITY], len: 0 };
    write!(printed, "{:.16e}", value.abs()).expect("seventeen digits, a point and an exponent have room");
    let printed = &printed.bytes[..printed.len];
    let end = printed.iter().position(|&byte| byte == b'e').expect("an exponent was asked for");
    let leading = parse_i64(&printed[end + 1..]).expect("an exponent is a number") as i32;
    let mut digits = [0; DIGITS as usize];
    digits[0] = printed[0];
    digits[1..].copy_from_slice(&printed[2..end]);
    let count = digits.iter().rposition(|&digit| digit != b'0').expect("it is not zero") + 1;
    let (digits, exponent) = (&digits[..count], leading + 1 - count as i32);
    let mut text = match leading {
        ..-4 | DIGITS.. => with_exponent(digits, leading, 2),
        _ if exponent >= 0 => with_zeros(digits, exponent as usize),
        _ => with_point(digits, leading + 1),
    };
    if value < 0.0 {
        text.prepend(b'-');
    }
    text
}

/// What `core` formats into without allocating.
struct OnStack {
    bytes: [u8; Text::CAPACITY],
    len: usize,
}

impl Write for OnStack {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let place = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(core::fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// The number is `digits * 10^exponent`.
struct Decimal {
    digits: u64,
    exponent: i32,
}

/// Chooses between `123000`, `0.00123` and `1.23e+20`, where JavaScript-like printers draw the line.
fn lay_out(Decimal { digits, exponent }: Decimal) -> Text {
    let digits = format_u64(digits);
    let count = digits.len() as i32;
    let leading = exponent + count - 1;
    if exponent >= 0 && leading < count + 7 {
        with_zeros(&digits, exponent as usize)
    } else if exponent < 0 && (exponent > -7 || leading.abs() < 4) {
        with_point(&digits, count + exponent)
    } else {
        scientific(&digits, leading)
    }
}

fn with_zeros(digits: &[u8], zeros: usize) -> Text {
    let mut text = Text::new();
    text.prepend_zeros(zeros);
    text.prepend_all(digits);
    text
}

/// `point` digits stand before the point; where it is negative or zero, zeros follow the point first.
fn with_point(digits: &[u8], point: i32) -> Text {
    let mut text = Text::new();
    if point > 0 {
        let (whole, fraction) = digits.split_at(point as usize);
        text.prepend_all(fraction);
        text.prepend(b'.');
        text.prepend_all(whole);
    } else {
        text.prepend_all(digits);
        text.prepend_zeros(-point as usize);
        text.prepend_all(b"0.");
    }
    text
}

fn scientific(digits: &[u8], leading: i32) -> Text {
    with_exponent(digits, leading, 1)
}

/// The exponent has at least so many digits.
fn with_exponent(digits: &[u8], leading: i32, width: usize) -> Text {
    let mut text = Text::new();
    text.prepend_u64(u64::from(leading.unsigned_abs()));
    text.prepend_zeros(width.saturating_sub(text.len()));
    text.prepend_all(if leading < 0 { b"e-" } else { b"e+" });
    text.prepend_all(&digits[1..]);
    if digits.len() > 1 {
        text.prepend(b'.');
    }
    text.prepend(digits[0]);
    text
}

/// Grisu2 (Loitsch, "Printing floating-point numbers quickly and accurately with integers", 2010).
///
/// A double stands for every real between the midpoints to its neighbours. All three are scaled by a cached power of ten
/// so that the integer part fits 32 bits, then digits are produced until what is left fits between the midpoints.
mod grisu {
    use super::Decimal;

    /// `fraction * 2^exponent`, the fraction using all 64 bits where normalized.
    #[derive(Clone, Copy)]
    struct Scaled {
        fraction: u64,
        exponent: i32,
    }

    impl Scaled {
        fn normalized(self) -> Self {
            let shift = self.fraction.leading_zeros();
            Scaled { fraction: self.fraction << shift, exponent: self.exponent - shift as i32 }
        }
        fn times(self, other: Self) -> Self {
            let product = u128::from(self.fraction) * u128::from(other.fraction) + (1 << 63);
            Scaled { fraction: (product >> 64) as u64, exponent: self.exponent + other.exponent + 64 }
        }
    }

    const HIDDEN_BIT: u64 = 1 << 52;

    /// The digits of a finite double greater than zero.
    pub(super) fn digits(value: f64) -> Decimal {
        let bits = value.to_bits();
        let (fraction, exponent) = match (bits >> 52) as i32 {
            0 => (bits, -1074),
            biased => (bits & (HIDDEN_BIT - 1) | HIDDEN_BIT, biased - 1075),
        };
        let upper = Scaled { fraction: fraction * 2 + 1, exponent: exponent - 1 }.normalized();
        // Below a power of two the neighbour is only half as far away.
        let below = if fraction == HIDDEN_BIT { 2 } else { 1 };
        let lower = ((fraction << below) - 1) << (exponent - below - upper.exponent);
        let lower = Scaled { fraction: lower, exponent: upper.exponent };
        let (power, decimal_exponent) = cached_power(upper.exponent);
        let middle = Scaled { fraction, exponent }.normalized().times(power);
        let (mut upper, mut lower) = (upper.times(power), lower.times(power));
        // The products are off by at most one: stay inside.
        lower.fraction += 1;
        upper.fraction -= 1;
        generate(middle, upper, lower.fraction, -decimal_exponent)
    }

    fn generate(middle: Scaled, upper: Scaled, lower: u64, mut exponent: i32) -> Decimal {
        let shift = -upper.exponent as u32;
        let one = 1u64 << shift;
        let mut room = upper.fraction - lower;
        let mut distance = upper.fraction - middle.fraction;
        let mut whole = upper.fraction >> shift;
        let mut part = upper.fraction & (one - 1);
        let mut digits = 0;
        for kappa in (0..10).rev() {
            let unit = 10u64.pow(kappa);
            digits = digits * 10 + whole / unit;
            whole %= unit;
            let rest = (whole << shift) + part;
            if rest <= room {
                exponent += kappa as i32;
                return Decimal { digits: nearer(digits, room, rest, unit << shift, distance), exponent };
            }
        }
        loop {
            part *= 10;
            room *= 10;
            distance *= 10;
            exponent -= 1;
            digits = digits * 10 + (part >> shift);
            part &= one - 1;
            if part < room {
                return Decimal { digits: nearer(digits, room, part, one, distance), exponent };
            }
        }
    }

    /// Lowers the last digit while that brings the number nearer to the double itself and keeps it in its interval.
    fn nearer(mut digits: u64, room: u64, mut rest: u64, unit: u64, distance: u64) -> u64 {
        while rest < distance
            && room - rest >= unit
            && (rest + unit < distance || distance - rest > rest + unit - distance)
        {
            digits -= 1;
            rest += unit;
        }
        digits
    }

    const FIRST_POWER: i32 = -348;
    const POWER_STEP: i32 = 8;

    /// A cached power of ten that brings `exponent` into the window -60..=-32, and which power it is.
    ///
    /// Two may do; the estimate decides which is looked at first, and so the digits in rare cases.
    fn cached_power(exponent: i32) -> (Scaled, i32) {
        const LOG10_OF_2: f64 = 0.301_029_995_663_981_14;
        let estimate = (f64::from(-(exponent + POWERS.len() as i32)) * LOG10_OF_2) as i32;
        let mut index = (estimate - FIRST_POWER) / POWER_STEP;
        loop {
            let power = FIRST_POWER + index * POWER_STEP;
            let scaled = Scaled { fraction: POWERS[index as usize], exponent: binary_exponent(power) };
            match exponent + scaled.exponent + 64 {
                ..-60 => index += 1,
                -31.. => index -= 1,
                _ => return (scaled, power),
            }
        }
    }

    /// 10^power is a 64-bit fraction times two to this.
    fn binary_exponent(power: i32) -> i32 {
        ((power * 217_706) >> 16) - 63
    }

    /// The 64 leading bits of 10^-348, 10^-340 … 10^340, rounded to nearest.
    #[rustfmt::skip]
    const POWERS: [u64; 87] = [
        0xfa8fd5a0081c0288, 0xbaaee17fa23ebf76, 0x8b16fb203055ac76, 0xcf42894a5dce35ea,
        0x9a6bb0aa55653b2d, 0xe61acf033d1a45df, 0xab70fe17c79ac6ca, 0xff77b1fcbebcdc4f,
        0xbe5691ef416bd60c, 0x8dd01fad907ffc3c, 0xd3515c2831559a83, 0x9d71ac8fada6c9b5,
        0xea9c227723ee8bcb, 0xaecc49914078536d, 0x823c12795db6ce57, 0xc21094364dfb5637,
        0x9096ea6f3848984f, 0xd77485cb25823ac7, 0xa086cfcd97bf97f4, 0xef340a98172aace5,
        0xb23867fb2a35b28e, 0x84c8d4dfd2c63f3b, 0xc5dd44271ad3cdba, 0x936b9fcebb25c996,
        0xdbac6c247d62a584, 0xa3ab66580d5fdaf6, 0xf3e2f893dec3f126, 0xb5b5ada8aaff80b8,
        0x87625f056c7c4a8b, 0xc9bcff6034c13053, 0x964e858c91ba2655, 0xdff9772470297ebd,
        0xa6dfbd9fb8e5b88f, 0xf8a95fcf88747d94, 0xb94470938fa89bcf, 0x8a08f0f8bf0f156b,
        0xcdb02555653131b6, 0x993fe2c6d07b7fac, 0xe45c10c42a2b3b06, 0xaa242499697392d3,
        0xfd87b5f28300ca0e, 0xbce5086492111aeb, 0x8cbccc096f5088cc, 0xd1b71758e219652c,
        0x9c40000000000000, 0xe8d4a51000000000, 0xad78ebc5ac620000, 0x813f3978f8940984,
        0xc097ce7bc90715b3, 0x8f7e32ce7bea5c70, 0xd5d238a4abe98068, 0x9f4f2726179a2245,
        0xed63a231d4c4fb27, 0xb0de65388cc8ada8, 0x83c7088e1aab65db, 0xc45d1df942711d9a,
        0x924d692ca61be758, 0xda01ee641a708dea, 0xa26da3999aef774a, 0xf209787bb47d6b85,
        0xb454e4a179dd1877, 0x865b86925b9bc5c2, 0xc83553c5c8965d3d, 0x952ab45cfa97a0b3,
        0xde469fbd99a05fe3, 0xa59bc234db398c25, 0xf6c69a72a3989f5c, 0xb7dcbf5354e9bece,
        0x88fcf317f22241e2, 0xcc20ce9bd35c78a5, 0x98165af37b2153df, 0xe2a0b5dc971f303a,
        0xa8d9d1535ce3b396, 0xfb9b7cd9a4a7443c, 0xbb764c4ca7a44410, 0x8bab8eefb6409c1a,
        0xd01fef10a657842c, 0x9b10a4e5e9913129, 0xe7109bfba19c0c9d, 0xac2820d9623bf429,
        0x80444b5e7aa7cf85, 0xbf21e44003acdd2d, 0x8e679c2f5e44ff8f, 0xd433179d9c8cb841,
        0x9e19db92b4e31ba9, 0xeb96bf6ebadf77d9, 0xaf87023b9bf0ee6b,
    ];

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Each power times 10^8 is the next one, to within what rounding can do.
        #[test]
        fn powers_follow_from_each_other() {
            for index in 0..POWERS.len() - 1 {
                let product = u128::from(POWERS[index]) * 100_000_000;
                let next = product >> (64 - product.leading_zeros() as i32).max(0);
                assert!(next.abs_diff(u128::from(POWERS[index + 1])) <= 2, "power {index}");
            }
            let one = POWERS[(-FIRST_POWER / POWER_STEP) as usize + 1];
            assert_eq!((one, binary_exponent(4)), (10_000 << 50, -50));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    fn shown(value: f64) -> String {
        String::from_utf8(format_f64(value).to_vec()).unwrap()
    }

    #[test]
    fn only_canonical_integers_are_integers() {
        for text in ["0", "1", "-1", "9223372036854775807", "-9223372036854775808", "100"] {
            assert_eq!(parse_i64(text.as_bytes()).unwrap().to_string(), text);
        }
        for text in ["", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1a", "9223372036854775808", "-9223372036854775809"]
        {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"18446744073709551616"), None);
    }

    #[test]
    fn integers_print_as_the_standard_library_prints_them() {
        let mut value = 1i64;
        for step in 0..400 {
            for each in [value, value.wrapping_neg(), value.wrapping_sub(1)] {
                assert_eq!(&*format_i64(each), each.to_string().as_bytes());
                assert_eq!(i64_text_len(each), each.to_string().len());
            }
            value = value.wrapping_mul(3).wrapping_add(step);
        }
        for each in (0..12_000).chain((0..200_000_000).step_by(if cfg!(miri) { 999_983 } else { 997 })) {
            assert_eq!(&*format_i64(each), each.to_string().as_bytes());
        }
        assert_eq!(&*format_i64(i64::MIN), b"-9223372036854775808");
        assert_eq!(&*format_u64(u64::MAX), b"18446744073709551615");
    }

    /// Recorded from Valkey 9.1 (ZADD, ZSCORE).
    #[test]
    fn floats_print_as_valkey_prints_them() {
        let recorded = [
            ("3.1", "3.1"),
            ("0.1", "0.1"),
            ("1e20", "1e+20"),
            ("123456789012345678", "123456789012345680"),
            ("1e17", "100000000000000000"),
            ("1.5e300", "1.5e+300"),
            ("1e-5", "0.00001"),
            ("1e-7", "1e-7"),
            ("0.00001234", "1.234e-5"),
            ("5e-324", "5e-324"),
            ("2.5e-310", "2.5e-310"),
            ("17179869184.5", "17179869184.5"),
            ("9007199254740993", "9007199254740992"),
            ("4503599627370496.5", "4503599627370496"),
            ("9223372036854775807", "9223372036854776000"),
            ("-9223372036854775808", "-9223372036854776000"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("123456789.123456789", "1.2345678912345679e+8"),
            ("-inf", "-inf"),
            ("-0.0", "-0"),
            // Where Grisu2 misses the shortest or nearest digits.
            ("4.289305879150052e+18", "4289305879150051840"),
            ("237033.1569323484", "2.3703315693234839e+5"),
        ];
        for (read, printed) in recorded {
            assert_eq!(shown(parse_f64(read.as_bytes()).unwrap()), printed);
        }
    }

    /// Recorded from Valkey 9.1 (ZSCAN of a sorted set in the large encoding), and C's `%.17g`.
    #[test]
    fn seventeen_digits_print_as_c_prints_them() {
        let recorded = [
            (0.1, "0.10000000000000001"),
            (1e20, "1e+20"),
            (1e15, "1000000000000000"),
            (123_456_789_012_345_678.0, "1.2345678901234568e+17"),
            (1e-5, "1.0000000000000001e-05"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (0.00012345678901234567, "0.00012345678901234567"),
            (3.1, "3.1000000000000001"),
            (-2.5, "-2.5"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (5e-324, "4.9406564584124654e-324"),
            (-f64::MAX, "-1.7976931348623157e+308"),
            (12_345_678.125, "12345678.125"),
            (f64::NEG_INFINITY, "-inf"),
            (0.0, "0"),
        ];
        for (value, printed) in recorded {
            assert_eq!(core::str::from_utf8(&format_f64_to_17_digits(value)), Ok(printed));
        }
    }

    #[test]
    fn floats_read_back_to_themselves() {
        let mut bits = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..200_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(bits ^ (bits >> 29));
            if value.is_finite() {
                let text = format_f64(value);
                assert_eq!(parse_f64(&text).map(f64::to_bits), Some(value.to_bits()), "{text:?}");
            }
        }
    }

    #[test]
    fn floats_are_refused_where_valkey_refuses_them() {
        let refused: [&[u8]; 20] = [
            b"",
            b"-",
            b"+",
            b".",
            b"1e",
            b"1e+",
            b" 1",
            b"1 ",
            b"nan",
            b"-nan",
            b"0x10",
            b"1_0",
            b"1,5",
            b"infinit",
            b"1e400",
            b"-1e400",
            b"1e-400",
            b"1\0",
            b"1.7976931348623159e308",
            b"\xff",
        ];
        for text in refused {
            assert_eq!(parse_f64(text), None, "{:?}", String::from_utf8_lossy(text));
        }
        let read: Vec<f64> = ["1.", ".5", "+1.5", "1E5", "iNf", "-Infinity", "0e999"]
            .iter()
            .map(|t| parse_f64(t.as_bytes()).unwrap())
            .collect();
        assert_eq!(read, [1.0, 0.5, 1.5, 1e5, f64::INFINITY, f64::NEG_INFINITY, 0.0]);
        assert_eq!(parse_f64_saturating(b"-1e400"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_f64_saturating(b"1e-400"), Some(0.0));
    }
}
