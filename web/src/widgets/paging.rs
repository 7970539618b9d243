//! Where pages lie one below the other whose heights are known only once they have been drawn.

#[derive(Clone, Debug, Default)]
pub struct Paging {
    pages: usize,
    /// What a page is taken to be high until it has been seen.
    usual: f64,
    /// Sorted.
    seen: Vec<(usize, f64)>,
}

/// Heights that are remembered: more than anybody scrolls past.
const REMEMBERED: usize = 5000;

impl Paging {
    /// So many pages, so high in all. Where their number changes, they are other pages.
    pub fn set(&mut self, pages: usize, height: f64) {
        if self.pages != pages || self.seen.len() > REMEMBERED {
            *self = Paging { pages, ..Paging::default() };
        }
        self.usual = height / pages.max(1) as f64;
    }

    pub fn learn(&mut self, page: usize, height: f64) {
        match self.place(page) {
            Ok(at) => self.seen[at].1 = height,
            Err(at) => self.seen.insert(at, (page, height)),
        }
    }

    pub fn top(&self, page: usize) -> f64 {
        let (Ok(above) | Err(above)) = self.place(page);
        let unusual: f64 = self.seen[..above].iter().map(|(_, height)| height - self.usual).sum();
        page as f64 * self.usual + unusual
    }

    /// Where a page that was seen is remembered, or would be.
    fn place(&self, page: usize) -> Result<usize, usize> {
        self.seen.binary_search_by_key(&page, |&(page, _)| page)
    }

    pub fn extent(&self) -> f64 {
        self.top(self.pages)
    }

    /// The page that is drawn at a height.
    pub fn at(&self, height: f64) -> usize {
        let (mut low, mut high) = (0, self.pages.saturating_sub(1));
        while low < high {
            let middle = (low + high).div_ceil(2);
            if self.top(middle) <= height { low = middle } else { high = middle - 1 }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_been_seen_is_where_it_was_drawn() {
        let mut paging = Paging::default();
        paging.set(4, 400.0);
        paging.learn(1, 130.0);
        assert_eq!([0, 1, 2, 3].map(|page| paging.top(page)), [0.0, 100.0, 230.0, 330.0]);
        assert_eq!(paging.extent(), 430.0);
        assert_eq!([0.0, 99.0, 229.0, 230.0, 1e9].map(|height| paging.at(height)), [0, 0, 1, 2, 3]);
        paging.set(8, 400.0);
        assert_eq!(paging.top(2), 100.0);
    }
}
