//! The field as pixels: hue and hatch are the type, paleness is disuse, a hole is what has expired, a ring is what is left
//! of a key's time.

use std::f32::consts::TAU;

use super::field::Tile;
use super::layout::Cell;
use crate::palette::{INK_DARK, INK_LIGHT, Palette, Rgb, is_hatched, mix};

/// What is shown of a tile beside what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The expiry cycle looked at it, and it stays.
    Kept,
    /// Looked at for an eviction.
    Sampled,
    /// In the pool of candidates.
    Pooled,
    /// The expiry cycle removed it.
    Dropped,
    /// Evicted.
    Victim,
}

/// What a tile looks like that is not marked.
pub struct Look<'a> {
    pub palette: &'a Palette,
    pub dark: bool,
    /// Milliseconds of the node's clock.
    pub now: u64,
    /// Pixels of the canvas in one of the page.
    pub scale: i32,
}

/// Sides, in pixels of the page, from which on a tile has a hatch, a ring, a letter, a name.
const HATCHED: i32 = 6;
const RINGED: i32 = 26;
pub const LETTERED: i32 = 15;
pub const NAMED: (i32, i32) = (64, 30);
/// Radius of the ring.
const RADIUS: i32 = 6;

/// Hue and hatch of a type. More than five share the hues, with another hatch.
pub fn hue_and_hatch(kind: usize) -> (usize, usize) {
    (kind % 5, (kind + kind / 5 * 2) % 5)
}

/// How much of a ring is left, of so many milliseconds: all from an hour on, and the last minute is half of it.
pub fn left(millis: u64) -> f32 {
    ((1.0 + millis as f32 / 1000.0).ln() / 3601f32.ln()).min(1.0)
}

impl Look<'_> {
    pub fn ink(&self) -> Rgb {
        if self.dark { INK_DARK } else { INK_LIGHT }
    }

    /// What a tile is filled with.
    pub fn fill(&self, tile: &Tile) -> Rgb {
        let hue = self.palette.shards[hue_and_hatch(tile.kind).0];
        if tile.stale == tile.keys {
            // What is left of it is an edge, to be seen all the more.
            return hue;
        }
        mix(mix(self.palette.paper, hue, 0.16), hue, tile.warmth())
    }

    /// What can be read on it.
    pub fn text(&self, tile: &Tile) -> Rgb {
        if tile.stale == tile.keys || tile.gone {
            return self.ink();
        }
        let [r, g, b] = self.fill(tile).map(f32::from);
        if 0.299 * r + 0.587 * g + 0.114 * b > 140.0 { INK_LIGHT } else { [255; 3] }
    }
}

/// Four bytes a pixel, row by row.
pub struct Picture {
    pub width: i32,
    pub height: i32,
    pub pixels: Vec<u8>,
}

impl Picture {
    pub fn new(width: u32, height: u32, paper: Rgb) -> Picture {
        let [r, g, b] = paper;
        let pixels = [r, g, b, 255].repeat((width * height) as usize);
        Picture { width: width as i32, height: height as i32, pixels }
    }

    /// A row of pixels of one colour.
    fn row(&mut self, y: i32, from: i32, to: i32, [r, g, b]: Rgb) {
        let (from, to) = (from.clamp(0, self.width), to.clamp(0, self.width));
        if (0..self.height).contains(&y) && from < to {
            let start = (y * self.width + from) as usize * 4;
            let row = &mut self.pixels[start..start + (to - from) as usize * 4];
            row.as_chunks_mut().0.fill([r, g, b, 255]);
        }
    }

    fn dot(&mut self, x: i32, y: i32, colour: Rgb) {
        self.row(y, x, x + 1, colour);
    }

    fn rectangle(&mut self, x: i32, y: i32, width: i32, height: i32, colour: Rgb) {
        (y..y + height).for_each(|y| self.row(y, x, x + width, colour));
    }

    /// Draws one tile, without the line between it and the next.
    pub fn tile(&mut self, cell: &Cell, tile: &Tile, look: &Look<'_>) {
        let gap = if cell.width.min(cell.height) > 3 { 1 } else { 0 };
        let (width, height) = (cell.width - gap, cell.height - gap);
        let scale = look.scale;
        // The edge of what is hollow is a line, not dashes.
        let is_hatched_at_all = width.min(height) >= HATCHED * scale && tile.stale < tile.keys;
        let (fill, hatch) = (look.fill(tile), hue_and_hatch(tile.kind).1);
        let line = mix(fill, look.palette.paper, 0.28);
        for y in cell.y..cell.y + height {
            self.row(y, cell.x, cell.x + width, if tile.gone { look.palette.paper } else { fill });
            if is_hatched_at_all && !tile.gone {
                let hatched = |x: &i32| is_hatched(hatch, (x / scale) as u32, (y / scale) as u32);
                (cell.x..cell.x + width).filter(hatched).for_each(|x| self.dot(x, y, line));
            }
        }
        if tile.stale > 0 && !tile.gone {
            self.hole(cell, (width, height), tile.stale as f32 / tile.keys as f32, look);
        }
        if let (Some(expiry), 1, 0, false) = (tile.expiry, tile.keys, tile.stale, tile.gone) {
            let left = left(expiry.millis().saturating_sub(look.now));
            if width.min(height) >= RINGED * scale {
                self.ring((cell.x + width - (RADIUS + 3) * scale, cell.y + (RADIUS + 3) * scale), left, look);
            } else if width >= HATCHED * scale {
                // Of a small tile the right edge burns down.
                let burnt = height - (height as f32 * left) as i32;
                let bar = (2 * scale).min(width / 3);
                self.rectangle(cell.x + width - bar, cell.y, bar, height, look.palette.paper);
                self.rectangle(cell.x + width - bar, cell.y + burnt, bar, height - burnt, look.ink());
            }
        }
    }

    /// So much of a tile has expired; the edge is left.
    fn hole(&mut self, cell: &Cell, (width, height): (i32, i32), share: f32, look: &Look<'_>) {
        let edge = if width.min(height) >= 12 * look.scale { 2 * look.scale } else { 1 };
        let side = share.sqrt();
        let inner = |side_length: i32| ((side_length as f32 * side) as i32).min(side_length - 2 * edge);
        let (w, h) = (inner(width), inner(height));
        if w > 0 && h > 0 {
            self.rectangle(cell.x + (width - w) / 2, cell.y + (height - h) / 2, w, h, look.palette.paper);
        }
    }

    fn ring(&mut self, (x, y): (i32, i32), left: f32, look: &Look<'_>) {
        let radius = RADIUS * look.scale;
        for dy in -radius..=radius {
            for dx in -radius..=radius {
                let far = ((dx * dx + dy * dy) as f32).sqrt();
                if far <= radius as f32 + 0.3 {
                    let turned = ((dx as f32).atan2(-dy as f32) + TAU) % TAU / TAU;
                    let is_rim = far > radius as f32 - look.scale as f32;
                    let colour = if is_rim || turned >= 1.0 - left { look.ink() } else { look.palette.paper };
                    self.dot(x + dx, y + dy, colour);
                }
            }
        }
    }

    /// Outlines a tile. What can be told from colour can be told from the line: dotted, dashed, double, crossed out.
    pub fn mark(&mut self, cell: &Cell, mark: Mark, look: &Look<'_>) {
        let scale = look.scale;
        let (ink, paper) = (look.ink(), look.palette.paper);
        // What is too small for a line within it has the line around it.
        let out = ((8 * scale - cell.width.min(cell.height)) / 2).max(0);
        let (x, y) = (cell.x - out, cell.y - out);
        let (width, height) = (cell.width + 2 * out - 1, cell.height + 2 * out - 1);
        let (thick, dash) = match mark {
            Mark::Kept => (scale, 2 * scale),
            Mark::Sampled => (2 * scale, 4 * scale),
            Mark::Pooled => (2 * scale, 0),
            Mark::Dropped => (2 * scale, 2 * scale),
            Mark::Victim => (3 * scale, 0),
        };
        for ring in 0..thick + scale {
            // A line of paper inside it keeps it apart from any fill.
            let colour = if ring < thick { ink } else { paper };
            let on = |at: i32| dash == 0 || ring >= thick || at / dash % 2 == 0;
            let (left, right, top, bottom) = (x + ring, x + width - 1 - ring, y + ring, y + height - 1 - ring);
            for at in (left..=right).filter(|&at| on(at - x)) {
                self.dot(at, top, colour);
                self.dot(at, bottom, colour);
            }
            for at in (top..=bottom).filter(|&at| on(at - y)) {
                self.dot(left, at, colour);
                self.dot(right, at, colour);
            }
        }
        if matches!(mark, Mark::Dropped | Mark::Victim) {
            let longer = width.max(height);
            for step in 0..longer {
                let (dx, dy) = (step * width / longer, step * height / longer);
                self.rectangle(x + dx, y + dy, scale, scale, ink);
                self.rectangle(x + dx, y + height - 1 - dy, scale, scale, ink);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::LIGHT;
    use kvarium_engine::base::time::Time;

    const CELL: Cell = Cell { x: 0, y: 0, width: 40, height: 40, from: 0, to: 1 };

    fn look() -> Look<'static> {
        Look { palette: &LIGHT, dark: false, now: 1000, scale: 1 }
    }

    fn drawn(tile: &Tile) -> Picture {
        let mut picture = Picture::new(40, 40, LIGHT.paper);
        picture.tile(&CELL, tile, &look());
        picture
    }

    fn at(picture: &Picture, x: i32, y: i32) -> Rgb {
        let start = ((y * picture.width + x) * 4) as usize;
        [picture.pixels[start], picture.pixels[start + 1], picture.pixels[start + 2]]
    }

    #[test]
    fn what_has_expired_is_hollow_and_what_has_gone_is_empty() {
        let tile = Tile { keys: 1, ..Tile::default() };
        assert!((0..39).all(|x| at(&drawn(&tile), x, 20) != LIGHT.paper));
        let stale = Tile { stale: 1, ..tile.clone() };
        let picture = drawn(&stale);
        assert_ne!(at(&picture, 0, 20), LIGHT.paper);
        assert_eq!(at(&picture, 20, 20), LIGHT.paper);
        let half = Tile { keys: 2, ..stale.clone() };
        assert_ne!(at(&drawn(&half), 4, 20), LIGHT.paper);
        assert_eq!(at(&drawn(&half), 20, 20), LIGHT.paper);
        assert_eq!(at(&drawn(&Tile { gone: true, ..tile }), 0, 20), LIGHT.paper);
    }

    #[test]
    fn the_edge_of_what_is_hollow_is_whole() {
        let tile = Tile { keys: 1, stale: 1, expiring: 1, expiry: Some(Time::from_millis(1)), ..Tile::default() };
        let picture = drawn(&tile);
        for along in 0..39 {
            for (x, y) in [(along, 0), (along, 38), (0, along), (38, along)] {
                assert_eq!(at(&picture, x, y), LIGHT.shards[0]);
            }
        }
    }

    #[test]
    fn a_ring_drains_with_the_time_that_is_left() {
        let ink = |expiry: u64| {
            let tile = Tile { keys: 1, expiring: 1, expiry: Some(Time::from_millis(expiry)), ..Tile::default() };
            let picture = drawn(&tile);
            picture.pixels.chunks(4).filter(|pixel| pixel[..3] == INK_LIGHT).count()
        };
        let counts = [2_000, 20_000, 120_000, 4_000_000].map(ink);
        assert!(counts.windows(2).all(|pair| pair[0] < pair[1]), "{counts:?}");
    }

    #[test]
    fn marks_differ_without_colour_and_stay_in_the_picture() {
        let mark = |mark| {
            let mut picture = Picture::new(40, 40, LIGHT.paper);
            picture.mark(&CELL, mark, &look());
            picture.mark(&Cell { x: 38, y: 38, width: 2, height: 2, from: 0, to: 1 }, mark, &look());
            picture.pixels
        };
        let all = [Mark::Kept, Mark::Sampled, Mark::Pooled, Mark::Dropped, Mark::Victim].map(mark);
        for (n, a) in all.iter().enumerate() {
            assert!(all[..n].iter().all(|b| a != b));
        }
    }

    #[test]
    fn every_type_has_its_own_look() {
        let count = kvarium_engine::keyspace::Kind::ALL.len();
        for a in 0..count {
            assert!((0..a).all(|b| hue_and_hatch(a) != hue_and_hatch(b)));
        }
    }
}
