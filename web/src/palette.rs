//! The hues of shards, for what is drawn pixel by pixel; `kvarium.css` has the same for everything else.

/// Red, green, blue.
pub type Rgb = [u8; 3];

pub struct Palette {
    pub paper: Rgb,
    pub line: Rgb,
    pub shards: [Rgb; 5],
}

pub const LIGHT: Palette = Palette {
    paper: [0xff, 0xff, 0xff],
    line: [0xdc, 0xe2, 0xe8],
    shards: [[0x2f, 0x2d, 0x9b], [0xe2, 0x57, 0x00], [0x2a, 0x9a, 0x86], [0xb3, 0x6b, 0xfe], [0x5e, 0x32, 0x1e]],
};

pub const DARK: Palette = Palette {
    paper: [0x10, 0x15, 0x1c],
    line: [0x26, 0x30, 0x3b],
    shards: [[0x4c, 0x55, 0xff], [0xe8, 0x62, 0x1a], [0x16, 0xbd, 0x9f], [0xc2, 0xb5, 0xff], [0xf6, 0xea, 0x8c]],
};

/// What text is drawn in.
pub const INK_LIGHT: Rgb = [0x12, 0x1a, 0x23];
pub const INK_DARK: Rgb = [0xe9, 0xee, 0xf3];

/// Between two colours: `share` 0 is the first, 1 the second.
pub fn mix(a: Rgb, b: Rgb, share: f32) -> Rgb {
    std::array::from_fn(|at| (f32::from(a[at]) + (f32::from(b[at]) - f32::from(a[at])) * share) as u8)
}

/// Is this pixel one of its shard's hatch? Each shard has its own, so that the map reads without colour.
pub fn is_hatched(shard: usize, x: u32, y: u32) -> bool {
    match shard % 5 {
        0 => (x + y) % 8 < 2,
        1 => y % 6 < 2,
        2 => x % 6 < 2,
        3 => (x + 8 - y % 8) % 8 < 2,
        _ => x % 4 < 2 && y % 4 < 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(rgb: Rgb) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
    }

    #[test]
    fn every_hue_stands_out_from_its_paper() {
        for palette in [LIGHT, DARK] {
            for shard in palette.shards {
                let (a, b) = (luminance(shard), luminance(palette.paper));
                assert!((a.max(b) + 0.05) / (a.min(b) + 0.05) >= 3.0, "{shard:?}");
            }
        }
    }

    #[test]
    fn every_shard_has_a_hatch_of_its_own() {
        let pattern = |shard| (0..64).map(|at| is_hatched(shard, at % 8, at / 8)).collect::<Vec<_>>();
        for a in 0..5 {
            assert!((0..a).all(|b| pattern(a) != pattern(b)));
        }
    }
}
