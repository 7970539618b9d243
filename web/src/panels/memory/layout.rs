//! Where the tiles of a field lie in a rectangle, each as large as its share of the bytes.
//!
//! The rectangle is cut where the field is: at the half, the quarters, and so on, in turn across and down, except that what
//! is long is cut across. So a tile stays about where it is, and its edges move, when others come and go.

use super::field::Tile;

/// Smaller sides than this, in pixels, are shared with the neighbours.
const LEAST: f32 = 2.0;
/// What is so many times as long as it is wide is cut across.
const LONG: f32 = 1.8;

/// One or several tiles as they are drawn, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
    /// The first tile, and the one after the last.
    pub from: usize,
    pub to: usize,
}

impl Cell {
    pub fn holds(&self, x: i32, y: i32) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

#[derive(Clone, Copy)]
struct Area {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

struct Cutting<'a> {
    tiles: &'a [Tile],
    /// Bytes of the tiles before each.
    before: Vec<f64>,
    cells: Vec<Cell>,
}

/// In the order of the tiles.
pub fn lay_out(tiles: &[Tile], width: u32, height: u32) -> Vec<Cell> {
    let mut sum = 0.0;
    let mut before = vec![0.0];
    before.extend(tiles.iter().map(|tile| {
        sum += tile.memory as f64;
        sum
    }));
    let mut cutting = Cutting { tiles, before, cells: Vec::new() };
    if sum > 0.0 {
        let area = Area { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
        cutting.cut(0, tiles.len(), area, 0, 1 << 63);
    }
    cutting.cells
}

impl Cutting<'_> {
    /// Lays some tiles out whose places begin at `first`; the upper half of them is `half` further on.
    fn cut(&mut self, from: usize, to: usize, area: Area, first: u64, half: u64) {
        let bytes = self.before[to] - self.before[from];
        if bytes == 0.0 {
            return;
        }
        if to - from == 1 || area.width < LEAST || area.height < LEAST || half == 0 {
            let edge = |at: f32| at.round() as i32;
            let (x, y) = (edge(area.x), edge(area.y));
            let (width, height) = (edge(area.x + area.width) - x, edge(area.y + area.height) - y);
            self.cells.push(Cell { x, y, width, height, from, to });
            return;
        }
        let middle = first + half;
        let at = from + self.tiles[from..to].partition_point(|tile| tile.place < middle);
        let share = ((self.before[at] - self.before[from]) / bytes) as f32;
        let (mut one, mut other) = (area, area);
        let in_turn = half.trailing_zeros() % 2 == 1;
        if area.width > LONG * area.height || (in_turn && area.height <= LONG * area.width) {
            one.width *= share;
            other.x += one.width;
            other.width -= one.width;
        } else {
            one.height *= share;
            other.y += one.height;
            other.height -= one.height;
        }
        self.cut(from, at, one, first, half / 2);
        self.cut(at, to, other, middle, half / 2);
    }
}

/// The cell that holds a tile.
pub fn cell_of(cells: &[Cell], tile: usize) -> Option<usize> {
    let at = cells.partition_point(|cell| cell.to <= tile);
    cells.get(at).filter(|cell| cell.from <= tile).map(|_| at)
}

/// The cell beside one, in a direction.
pub fn beside(cells: &[Cell], at: usize, (dx, dy): (i32, i32)) -> usize {
    let Some(here) = cells.get(at) else { return 0 };
    let (x, y) = (here.x + here.width / 2, here.y + here.height / 2);
    let (x, y) = (x + dx * (here.width / 2 + 3), y + dy * (here.height / 2 + 3));
    cells.iter().position(|cell| cell.holds(x, y)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiles(memory: impl Fn(u64) -> usize, count: u64) -> Vec<Tile> {
        let mut tiles: Vec<_> = (0..count)
            .map(|n| Tile { place: n.wrapping_mul(0x9e37_79b9_7f4a_7c15), memory: memory(n), ..Tile::default() })
            .collect();
        tiles.sort_by_key(|tile| tile.place);
        tiles
    }

    #[test]
    fn cells_are_as_large_as_their_bytes_and_cover_the_field() {
        let tiles = tiles(|n| 100 + (n % 7) as usize * 50, 300);
        let cells = lay_out(&tiles, 900, 500);
        let all: usize = tiles.iter().map(|tile| tile.memory).sum();
        let mut covered = 0;
        for cell in &cells {
            let bytes: usize = tiles[cell.from..cell.to].iter().map(|tile| tile.memory).sum();
            let wanted = bytes as f64 / all as f64 * 450_000.0;
            let area = f64::from(cell.width * cell.height);
            // Edges lie on whole pixels.
            let slack = f64::from(cell.width + cell.height + 1);
            assert!((area - wanted).abs() <= slack, "{cell:?} {wanted}");
            covered += cell.width * cell.height;
        }
        assert_eq!(covered, 450_000);
        assert!(cells.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!((cells[0].from, cells[cells.len() - 1].to), (0, tiles.len()));
    }

    #[test]
    fn what_is_too_small_to_be_seen_is_one_cell_with_its_neighbours() {
        let cells = lay_out(&tiles(|n| if n == 0 { 1_000_000 } else { 1 }, 1000), 400, 300);
        assert!(cells.len() < 100, "{}", cells.len());
        assert!(cells.iter().any(|cell| cell.to - cell.from > 1));
        assert_eq!(cell_of(&cells, 999), Some(cells.len() - 1));
    }

    #[test]
    fn a_tile_that_comes_moves_few_others_far() {
        let before = tiles(|_| 100, 200);
        let after = tiles(|_| 100, 201);
        let (a, b) = (lay_out(&before, 800, 800), lay_out(&after, 800, 800));
        let moved = |tile: usize| {
            let there = after.iter().position(|it| it.place == before[tile].place).unwrap();
            let (a, b) = (a[cell_of(&a, tile).unwrap()], b[cell_of(&b, there).unwrap()]);
            (a.x - b.x).abs().max((a.y - b.y).abs())
        };
        let far = (0..200).map(moved).filter(|&far| far > 40).count();
        assert!(far < 10, "{far} of 200");
    }

    #[test]
    fn arrows_go_from_a_cell_to_the_one_beside_it() {
        let cells = lay_out(&tiles(|_| 100, 16), 400, 400);
        for (at, _) in cells.iter().enumerate() {
            let right = beside(&cells, at, (1, 0));
            assert!(right == at || cells[right].x == cells[at].x + cells[at].width);
        }
        assert_eq!(lay_out(&[], 400, 400), []);
    }
}
