//! Figures and their tables.

/// The middle one; of an even number the mean of the two in the middle.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        _ if sorted.is_empty() => f64::NAN,
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// Which figure is the better one.
#[derive(Clone, Copy)]
pub enum Better {
    More,
    Less,
}

/// Ours, which stands first, to the best of the others.
pub fn ratio(figures: &[f64], better: Better) -> Option<f64> {
    let (ours, others) = figures.split_first()?;
    let best = match better {
        Better::More => others.iter().copied().reduce(f64::max),
        Better::Less => others.iter().copied().reduce(f64::min),
    };
    best.map(|best| ours / best)
}

/// A Markdown table; each row begins with its name.
pub fn print(head: &[String], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| &row[column]).chain([&head[column]]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        println!("| {} |", padded.collect::<Vec<_>>().join(" | "));
    };
    line(head);
    let rule = widths.iter().enumerate().map(|(column, width)| match column {
        0 => "-".repeat(*width),
        _ => "-".repeat(width.max(&2) - 1) + ":",
    });
    line(&rule.collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found_whatever_the_order() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ours_is_compared_with_the_best_of_the_others() {
        assert_eq!(ratio(&[6.0, 2.0, 3.0], Better::More), Some(2.0));
        assert_eq!(ratio(&[6.0, 2.0, 3.0], Better::Less), Some(3.0));
        assert_eq!(ratio(&[6.0], Better::More), None);
    }
}
