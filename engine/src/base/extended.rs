//! Extended precision as the x87 has it, in software: what INCRBYFLOAT and HINCRBYFLOAT compute with.
//!
//! Redis keeps these numbers in C's `long double`, which on x86-64 has 64 bits of mantissa, and prints them with seventeen
//! digits after the point. A page in a browser and a server must give the same answer, so nothing here uses the
//! machine's floats: reading, adding and printing are exact integer arithmetic, rounded once, half to even.
//! A page reads its doubles here as well ([`read_f64`]).

use super::number::format_u64;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// A signed extended float. Not-a-number can't be held: what would give it gives `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    negative: bool,
    magnitude: Magnitude,
}

/// The finite value is `mantissa * 2^exponent`, with `min_exponent <= exponent`; zero has mantissa 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Magnitude {
    Finite { mantissa: u64, exponent: i32 },
    Infinite,
}

use Magnitude::{Finite, Infinite};

/// What a mantissa and its exponent have room for.
struct Format {
    /// Bits of the mantissa.
    bits: i32,
    /// The exponent of the smallest number's only bit.
    min_exponent: i32,
    /// The exponent of the largest number's lowest bit.
    max_exponent: i32,
}

const EXTENDED: Format = Format { bits: 64, min_exponent: -16_445, max_exponent: 16_320 };

/// Redis reads a number through a buffer of this size.
const MAX_TEXT: usize = 5 * 1024;
/// Digits printed after the point.
const FRACTION_DIGITS: usize = 17;

impl Extended {
    pub const ZERO: Extended = Extended { negative: false, magnitude: Finite { mantissa: 0, exponent: 0 } };

    /// Reads a decimal or hexadecimal float, `inf` or `infinity`. Refuses spaces, not-a-number, and texts whose value
    /// overflows to infinity or underflows to zero.
    pub fn parse(text: &[u8]) -> Option<Extended> {
        if text.len() >= MAX_TEXT {
            return None;
        }
        let (negative, text) = signed(text);
        if is_infinity(text) {
            return Some(Extended { negative, magnitude: Infinite });
        }
        let (literal, base) = match text {
            [b'0', b'x' | b'X', rest @ ..] => (Literal::parse(rest, 16)?, 16),
            _ => (Literal::parse(text, 10)?, 10),
        };
        if literal.digits.is_empty() {
            return Some(Extended { negative, ..Extended::ZERO });
        }
        let rough = match base {
            16 => literal.hexadecimal(),
            _ if (-4970..=4940).contains(&literal.leading()) => literal.decimal(),
            _ => return None,
        };
        match rough.rounded(&EXTENDED) {
            Infinite | Finite { mantissa: 0, .. } => None,
            magnitude => Some(Extended { negative, magnitude }),
        }
    }

    /// The same number, unless it is not a number.
    pub fn from_f64(value: f64) -> Option<Extended> {
        if value.is_nan() {
            return None;
        }
        let bits = value.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let magnitude = match (bits >> 52) & 0x7ff {
            0x7ff => Infinite,
            0 => Finite { mantissa: fraction, exponent: -1074 },
            biased => Finite { mantissa: fraction | 1 << 52, exponent: biased as i32 - 1075 },
        };
        Some(Extended { negative: value.is_sign_negative(), magnitude })
    }

    pub fn is_finite(self) -> bool {
        self.magnitude != Infinite
    }

    /// The sum, rounded once; `None` for infinity minus infinity.
    pub fn plus(self, other: Extended) -> Option<Extended> {
        match (self.magnitude, other.magnitude) {
            (Infinite, Infinite) => (self.negative == other.negative).then_some(self),
            (Infinite, _) | (_, Finite { mantissa: 0, .. }) => Some(self),
            (_, Infinite) | (Finite { mantissa: 0, .. }, _) => Some(other),
            (Finite { mantissa, exponent }, Finite { mantissa: m, exponent: e }) => {
                let (a, b) = (Normal::of(self.negative, mantissa, exponent), Normal::of(other.negative, m, e));
                Some(if (a.exponent, a.mantissa) >= (b.exponent, b.mantissa) {
                    a.plus_smaller(b)
                } else {
                    b.plus_smaller(a)
                })
            }
        }
    }

    /// Prints seventeen digits after the point at most, without trailing zeros, and never an exponent.
    pub fn format(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(24);
        if self.negative {
            out.push(b'-');
        }
        match self.magnitude {
            Infinite => out.extend_from_slice(b"inf"),
            Finite { mantissa: 0, .. } => out.push(b'0'),
            Finite { mantissa, exponent } if exponent >= 0 => {
                Big::from(mantissa).shifted_left(exponent as usize).print(&mut out)
            }
            Finite { mantissa, exponent } => print_fixed(mantissa, exponent.unsigned_abs(), &mut out),
        }
        if out == b"-0" {
            out.remove(0);
        }
        out
    }
}

/// The double nearest to a decimal float; infinity where it is too large, zero where it is too small. Takes `inf`,
/// `infinity` and `nan` as well.
///
/// Slower than `core` is for numbers of many digits, but it has no tables, which are ten thousand bytes there.
#[cfg(any(test, target_arch = "wasm32"))]
pub(super) fn read_f64(text: &[u8]) -> Option<f64> {
    const DOUBLE: Format = Format { bits: 53, min_exponent: -1074, max_exponent: 971 };
    /// Where a number lies between two doubles, so many digits tell to which it is nearer, if they tell whether more follow.
    const ENOUGH: usize = 800;
    let (negative, text) = signed(text);
    let sign = if negative { -1.0 } else { 1.0 };
    if is_infinity(text) {
        return Some(sign * f64::INFINITY);
    }
    if text.eq_ignore_ascii_case(b"nan") {
        return Some(f64::NAN);
    }
    let mut literal = Literal::parse(text, 10)?;
    if literal.digits.len() > ENOUGH {
        let rest = literal.digits.split_off(ENOUGH);
        literal.exponent += rest.len() as i32;
        literal.digits[ENOUGH - 1] |= u8::from(rest.iter().any(|&digit| digit != 0));
    }
    let magnitude = match literal.leading() {
        _ if literal.digits.is_empty() => 0.0,
        ..-330 => 0.0,
        330.. => f64::INFINITY,
        _ => match literal.decimal().rounded(&DOUBLE) {
            Infinite => f64::INFINITY,
            Finite { mantissa, exponent } => libm::scalbn(mantissa as f64, exponent),
        },
    };
    Some(sign * magnitude)
}

/// Whether the text begins with a minus, and what follows its sign.
fn signed(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn is_infinity(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity")
}

/// Prints `mantissa / 2^shift`.
fn print_fixed(mantissa: u64, shift: u32, out: &mut Vec<u8>) {
    const SCALE: u128 = 10u128.pow(FRACTION_DIGITS as u32);
    // Below 2^121, so that from a shift of 122 on less than half a unit is left.
    let scaled = u128::from(mantissa) * SCALE;
    let units = if shift > 121 { 0 } else { shift_right_rounding(scaled, shift, false) };
    // The whole part is below 2^64: at least one bit was shifted out of the mantissa.
    out.extend_from_slice(&format_u64((units / SCALE) as u64));
    let fraction = (units % SCALE) as u64;
    if fraction > 0 {
        let digits = format_u64(fraction);
        out.push(b'.');
        out.resize(out.len() + FRACTION_DIGITS - digits.len(), b'0');
        out.extend_from_slice(digits.as_bytes());
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// Half goes to even; `sticky` says that something not zero follows the bits given. `shift` is below 128.
fn shift_right_rounding(value: u128, shift: u32, sticky: bool) -> u128 {
    if shift == 0 {
        return value;
    }
    let quotient = value >> shift;
    let half = 1u128 << (shift - 1);
    let rest = value & ((half << 1) - 1);
    let up = match rest.cmp(&half) {
        Ordering::Greater => true,
        Ordering::Equal => sticky || quotient & 1 == 1,
        Ordering::Less => false,
    };
    quotient + u128::from(up)
}

/// `mantissa * 2^exponent`, and where `sticky` a little more: a result before its one rounding.
///
/// Where it is sticky, the mantissa has at least 66 bits.
struct Rough {
    mantissa: u128,
    exponent: i32,
    sticky: bool,
}

impl Rough {
    fn rounded(self, format: &Format) -> Magnitude {
        let bits = 128 - self.mantissa.leading_zeros() as i32;
        let excess = (bits - format.bits).max(format.min_exponent - self.exponent).max(0);
        if excess > 127 {
            return Finite { mantissa: 0, exponent: 0 };
        }
        let mut mantissa = shift_right_rounding(self.mantissa, excess as u32, self.sticky);
        let mut exponent = self.exponent + excess;
        if mantissa >> format.bits != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
        let top = exponent + 128 - mantissa.leading_zeros() as i32;
        if top > format.max_exponent + format.bits {
            return Infinite;
        }
        if mantissa == 0 {
            exponent = 0;
        }
        Finite { mantissa: mantissa as u64, exponent }
    }
}

/// An addend not zero, its mantissa's top bit set.
struct Normal {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

impl Normal {
    fn of(negative: bool, mantissa: u64, exponent: i32) -> Self {
        let shift = mantissa.leading_zeros();
        Normal { negative, mantissa: mantissa << shift, exponent: exponent - shift as i32 }
    }

    /// Adds a number whose magnitude is not larger.
    fn plus_smaller(self, other: Normal) -> Extended {
        // One bit stays free for the carry.
        const ROOM: i32 = 63;
        let large = u128::from(self.mantissa) << ROOM;
        let behind = self.exponent - other.exponent;
        let aligned = u128::from(other.mantissa) << ROOM;
        let (small, lost) = match behind {
            0..=127 => (aligned >> behind, aligned & ((1u128 << behind) - 1) != 0),
            _ => (0, true),
        };
        let mantissa = match self.negative == other.negative {
            true => large + small,
            // What was lost is taken away as well: one unit less, and a little more than that.
            false => large - small - u128::from(lost),
        };
        if mantissa == 0 {
            return Extended::ZERO;
        }
        let rough = Rough { mantissa, exponent: self.exponent - ROOM, sticky: lost };
        Extended { negative: self.negative, magnitude: rough.rounded(&EXTENDED) }
    }
}

/// The digits of a number, without leading zeros and without the point, and the power its last digit stands for.
struct Literal {
    digits: Vec<u8>,
    exponent: i32,
}

impl Literal {
    /// Reads digits with at most one point among them, then an exponent: of ten after `e`, of two after `p`.
    fn parse(text: &[u8], base: u32) -> Option<Literal> {
        let mark = if base == 16 { b'p' } else { b'e' };
        let end = text.iter().position(|byte| byte.to_ascii_lowercase() == mark).unwrap_or(text.len());
        let written = match text.get(end + 1..) {
            Some(digits) => parse_exponent(digits)?,
            None => 0,
        };
        let (whole, fraction) = match text[..end].iter().position(|&byte| byte == b'.') {
            Some(point) => (&text[..point], &text[point + 1..end]),
            None => (&text[..end], &text[..0]),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let all = whole.iter().chain(fraction).map(|&byte| (byte as char).to_digit(base).map(|digit| digit as u8));
        let mut digits = all.collect::<Option<Vec<u8>>>()?;
        let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..zeros);
        let places = fraction.len() as i32 * if base == 16 { 4 } else { 1 };
        Some(Literal { digits, exponent: written - places })
    }

    fn hexadecimal(&self) -> Rough {
        let mut digits = Big::default();
        self.digits.iter().for_each(|&digit| digits.multiply_add(16, digit.into()));
        digits.leading(self.exponent)
    }

    /// The number is below ten to this power, and not below a tenth of it.
    fn leading(&self) -> i32 {
        self.digits.len() as i32 + self.exponent
    }

    /// To be asked for where [`Self::leading`] is small: the time taken grows with its square.
    fn decimal(&self) -> Rough {
        self.short_decimal().unwrap_or_else(|| self.long_decimal())
    }

    /// What fits machine words: nearly every number that people write.
    fn short_decimal(&self) -> Option<Rough> {
        if self.digits.len() > 19 {
            return None;
        }
        let digits = self.digits.iter().fold(0u64, |value, &digit| value * 10 + u64::from(digit));
        match self.exponent {
            0..=19 => {
                let mantissa = u128::from(digits) * 10u128.pow(self.exponent as u32);
                Some(Rough { mantissa, exponent: 0, sticky: false })
            }
            -18..0 => {
                let divisor = 10u128.pow(self.exponent.unsigned_abs());
                let shift = 64 + digits.leading_zeros();
                let dividend = u128::from(digits) << shift;
                let (mantissa, rest) = (dividend / divisor, dividend % divisor);
                Some(Rough { mantissa, exponent: -(shift as i32), sticky: rest != 0 })
            }
            _ => None,
        }
    }

    fn long_decimal(&self) -> Rough {
        let mut digits = Big::default();
        self.digits.iter().for_each(|&digit| digits.multiply_add(10, digit.into()));
        let mut power = Big::from(1);
        (0..self.exponent.unsigned_abs())
            .for_each(|_| if self.exponent < 0 { power.multiply_add(10, 0) } else { digits.multiply_add(10, 0) });
        if self.exponent < 0 { digits.divided_by(power) } else { digits.leading(0) }
    }
}

/// A signed decimal, saturating far outside of what any number needs.
fn parse_exponent(text: &[u8]) -> Option<i32> {
    let (negative, digits) = signed(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0i32, |value, digit| (value * 10 + i32::from(digit - b'0')).min(1_000_000));
    Some(if negative { -value } else { value })
}

/// An unsigned integer of any size: limbs from the lowest up, the last one not zero.
#[derive(Clone, Default)]
struct Big {
    limbs: Vec<u32>,
}

impl From<u64> for Big {
    fn from(value: u64) -> Self {
        let mut big = Big { limbs: alloc::vec![value as u32, (value >> 32) as u32] };
        big.trim();
        big
    }
}

impl Big {
    fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }

    fn bits(&self) -> usize {
        self.limbs.last().map_or(0, |top| self.limbs.len() * 32 - top.leading_zeros() as usize)
    }

    fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.limbs {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.limbs.push(carry as u32);
        }
    }

    fn shifted_left(mut self, shift: usize) -> Big {
        let (limbs, bits) = (shift / 32, shift % 32);
        self.multiply_add(1 << bits, 0);
        self.limbs.splice(0..0, core::iter::repeat_n(0, limbs));
        self.trim();
        self
    }

    fn compare(&self, other: &Big) -> Ordering {
        let lengths = self.limbs.len().cmp(&other.limbs.len());
        lengths.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }

    /// Takes away a number that is not larger.
    fn subtract(&mut self, other: &Big) {
        let mut borrow = false;
        for (at, limb) in self.limbs.iter_mut().enumerate() {
            let (less, under) = limb.overflowing_sub(other.limbs.get(at).copied().unwrap_or(0));
            let (less, under_again) = less.overflowing_sub(u32::from(borrow));
            *limb = less;
            borrow = under || under_again;
        }
        self.trim();
    }

    /// The highest 128 bits, of a number that is to be multiplied by `2^exponent`.
    fn leading(&self, exponent: i32) -> Rough {
        let dropped = self.bits().saturating_sub(128);
        let bit = |at: usize| self.limbs[at / 32] >> (at % 32) & 1;
        let mantissa = (dropped..self.bits()).rev().fold(0u128, |value, at| value << 1 | u128::from(bit(at)));
        let sticky = (0..dropped).any(|at| bit(at) == 1);
        Rough { mantissa, exponent: exponent.saturating_add(dropped as i32), sticky }
    }

    /// The highest 68 bits of the quotient, one by one: schoolbook division in base two.
    fn divided_by(self, divisor: Big) -> Rough {
        const STEPS: i32 = 68;
        let shift = divisor.bits() as i32 - self.bits() as i32;
        let mut rest = if shift > 0 { self.shifted_left(shift as usize) } else { self };
        let divisor = if shift < 0 { divisor.shifted_left(-shift as usize) } else { divisor };
        let mut mantissa = 0u128;
        for _ in 0..STEPS {
            mantissa <<= 1;
            if rest.compare(&divisor) != Ordering::Less {
                rest.subtract(&divisor);
                mantissa |= 1;
            }
            rest.multiply_add(2, 0);
        }
        Rough { mantissa, exponent: -shift - (STEPS - 1), sticky: !rest.limbs.is_empty() }
    }

    fn print(mut self, out: &mut Vec<u8>) {
        const CHUNK: u64 = 1_000_000_000;
        let mut chunks = Vec::new();
        while !self.limbs.is_empty() {
            let mut rest = 0;
            for limb in self.limbs.iter_mut().rev() {
                rest = rest << 32 | u64::from(*limb);
                *limb = (rest / CHUNK) as u32;
                rest %= CHUNK;
            }
            self.trim();
            chunks.push(rest);
        }
        let highest = chunks.pop().unwrap_or(0);
        out.extend_from_slice(&format_u64(highest));
        for chunk in chunks.into_iter().rev() {
            out.extend_from_slice(&format_u64(CHUNK + chunk)[1..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    fn sum(a: &str, b: &str) -> String {
        let sum = Extended::parse(a.as_bytes()).unwrap().plus(Extended::parse(b.as_bytes()).unwrap()).unwrap();
        String::from_utf8(sum.format()).unwrap()
    }

    /// Recorded from `INCRBYFLOAT` of Redis 7.0 on x86-64; Redis 8.0 and Valkey 9.1 say the same.
    #[test]
    fn sums_are_those_of_the_x87() {
        let recorded = [
            ("0.1", "0.2", "0.3"),
            ("10.50", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("0x1p3", "0X1.8P-1", "8.75"),
            ("123456789.123456789", "0", "123456789.12345678899873747"),
            ("4503599627370496.5", "0", "4503599627370496.5"),
            ("9223372036854775807", "1", "9223372036854775808"),
            ("1e-7", "0", "0.0000001"),
            ("-1e-20", "0", "0"),
            ("5e-324", "0", "0"),
            ("1e22", "-1e22", "0"),
            ("631.6858524240024219200073649", "427.42184", "1059.10769242400242196"),
            ("-86.24997", "82212e-1317", "-86.24997"),
            ("-9886.2", "-10996848881984132117707090537359973e-71", "-9886.20000000000000018"),
            ("669113.9", "978.70151", "670092.60150999999996202"),
            ("4240256041057369579566.1447799", "60512580335", "4240256041117882159872"),
            ("6.46", "18784459580308741303", "18784459580308741310"),
            ("+3e32", "-218842.6234747", "300000000000000000001636382539776"),
            ("-0xa1Ecp-9226", "530.726205", "530.72620499999999999"),
            ("012207322488086226369938008e-54", "-03.91416", "-3.91416"),
        ];
        for (a, b, expected) in recorded {
            assert_eq!(sum(a, b), expected, "{a} + {b}");
        }
        assert!(sum("1e400", "0").starts_with("10000000000000000000281880683947586514586453433629052038625910"));
        assert_eq!(sum("1e4932", "0").len(), 4933);
    }

    #[test]
    fn texts_are_refused_where_redis_refuses_them() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "0x",
            "0x.",
            "0x1p",
            "1e",
            "1e+",
            " 1",
            "1 ",
            "nan",
            "-nan",
            "nan(1)",
            "infinit",
            "1_0",
            "1e5000",
            "-1e5000",
            "1e-5000",
            "1.2e4932",
            "1\0",
            "--1",
            "0x1g",
            "1e99999999999999999999",
        ] {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text}");
        }
        let infinity = Extended::parse(b"-Infinity").unwrap();
        assert!(!infinity.is_finite());
        assert_eq!(infinity.plus(Extended::parse(b"inf").unwrap()), None);
        let most = Extended::parse(b"1.18e4932").unwrap();
        assert!(!most.plus(most).unwrap().is_finite());
    }

    #[test]
    fn doubles_carry_over_exactly() {
        let shown = |value: f64| String::from_utf8(Extended::from_f64(value).unwrap().format()).unwrap();
        assert_eq!(shown(0.1), "0.10000000000000001");
        assert_eq!(shown(-2.5), "-2.5");
        assert_eq!(shown(1e22), "10000000000000000000000");
        assert_eq!(shown(-0.0), "0");
        assert_eq!(Extended::from_f64(f64::NAN), None);
    }

    #[test]
    fn doubles_are_read_as_core_reads_them() {
        let agree = |text: &str| {
            let bits = |value: f64| if value.is_nan() { None } else { Some(value.to_bits()) };
            assert_eq!(read_f64(text.as_bytes()).map(bits), text.parse().ok().map(bits), "{text}");
        };
        let halfway = "9007199254740993";
        let zeros = "0".repeat(900);
        for text in [
            "",
            "-",
            "+",
            ".",
            "1e",
            " 1",
            "1_0",
            "0x1",
            "infinit",
            "nan",
            "-NaN",
            "-inf",
            "+Infinity",
            "-0",
            "0e999",
            ".5",
            "5.",
        ] {
            agree(text);
        }
        for text in ["1e400", "-1e400", "1e-400", "1.7976931348623158e308", "1.7976931348623159e308", "2.3e-308"] {
            agree(text);
        }
        for text in ["2.4703282292062327e-324", "2.4703282292062328e-324", "7.4109846876186982e-324", halfway] {
            agree(text);
        }
        agree(&format!("{halfway}.{zeros}"));
        agree(&format!("{halfway}.{zeros}1"));
        agree(&format!("{halfway}{zeros}e-900"));
        agree(&format!("0.{zeros}{halfway}e900"));
        let mut rng = super::super::rng::Rng::new(5);
        for _ in 0..5_000 {
            let value = f64::from_bits(rng.bits());
            [format!("{value}"), format!("{value:e}"), format!("{value:.16e}"), format!("{value:.25e}")]
                .iter()
                .for_each(|text| agree(text));
            agree(&format!("{}e{}", rng.bits() >> rng.below(60), rng.below(640) as i32 - 330));
        }
    }

    /// Both ways of reading a decimal must agree where both apply.
    #[test]
    fn short_and_long_decimals_agree() {
        let mut rng = super::super::rng::Rng::new(3);
        for _ in 0..20_000 {
            let digits = rng.bits() >> rng.below(60);
            let digits = format_u64(digits.max(1)).iter().take(19).map(|digit| digit - b'0').collect();
            let literal = Literal { digits, exponent: rng.below(38) as i32 - 18 };
            let short = literal.short_decimal().unwrap().rounded(&EXTENDED);
            assert_eq!(value_of(short), value_of(literal.long_decimal().rounded(&EXTENDED)));
        }
    }

    fn value_of(magnitude: Magnitude) -> (u64, i32) {
        let Finite { mantissa, exponent } = magnitude else { panic!("infinite") };
        let normal = Normal::of(false, mantissa, exponent);
        (normal.mantissa, normal.exponent)
    }
}
