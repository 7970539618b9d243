//! A square of small numbers on a canvas, darker where they are larger, with a cursor that arrow keys move.

use std::rc::Rc;

use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};
use yew::prelude::*;

use crate::palette::{DARK, INK_DARK, INK_LIGHT, LIGHT, Rgb, mix};

#[derive(Properties, PartialEq)]
pub struct Props {
    /// What it is called, with how to use it.
    pub label: AttrValue,
    /// What the cursor's cell holds, in words.
    pub said: AttrValue,
    /// Row by row.
    pub values: Rc<[u8]>,
    /// Cells of a row.
    pub side: usize,
    pub dark: bool,
    pub cursor: usize,
    pub on_cursor: Callback<usize>,
}

/// Pixels of a cell and of the whole, on the page.
const CELL: usize = 3;

#[component]
pub fn HeatMap(props: &Props) -> Html {
    let canvas = use_node_ref();
    let (side, count) = (props.side, props.values.len());
    {
        let canvas = canvas.clone();
        use_effect_with((props.values.clone(), props.dark), move |(values, dark)| {
            let (paper, ink) = if *dark { (DARK.line, INK_DARK) } else { (LIGHT.line, INK_LIGHT) };
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                draw(&canvas, &pixels(values, paper, ink), side);
            }
        });
    }
    let onkeydown = {
        let (cursor, on_cursor) = (props.cursor as isize, props.on_cursor.clone());
        Callback::from(move |event: KeyboardEvent| {
            let row = side as isize;
            let to = match event.key().as_str() {
                "ArrowLeft" => cursor - 1,
                "ArrowRight" => cursor + 1,
                "ArrowUp" => cursor - row,
                "ArrowDown" => cursor + row,
                "PageUp" => cursor - row * 16,
                "PageDown" => cursor + row * 16,
                "Home" => 0,
                "End" => count as isize - 1,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            on_cursor.emit(to.clamp(0, count as isize - 1) as usize);
        })
    };
    let onclick = props.on_cursor.reform(move |event: MouseEvent| {
        let cell = |offset: i32| (offset.max(0) as usize / CELL).min(side - 1);
        cell(event.offset_y()) * side + cell(event.offset_x())
    });
    let at = |index: usize| (index * CELL) as f64 - 2.5;
    let size = format!("width:{0}px;height:{0}px", side * CELL);
    let cursor = format!("left:{}px;top:{}px;width:8px;height:8px", at(props.cursor % side), at(props.cursor / side));
    html! {
        <div class="slot-map" role="application" tabindex="0" aria-label={props.label.clone()} style={size.clone()} {onkeydown} {onclick}>
            <canvas ref={canvas} width={side.to_string()} height={side.to_string()} aria-hidden="true" style={size} />
            <div class="slot-cursor" style={cursor}></div>
            <span class="hidden-text" aria-live="polite">{ props.said.clone() }</span>
        </div>
    }
}

/// A pixel for each cell, four bytes each. Zero is paper; from there on shades are apart even where all values are small.
fn pixels(values: &[u8], paper: Rgb, ink: Rgb) -> Vec<u8> {
    let most = f32::from(values.iter().copied().max().unwrap_or(0).max(8));
    let colour = |value: u8| if value == 0 { paper } else { mix(paper, ink, 0.2 + 0.8 * f32::from(value) / most) };
    values
        .iter()
        .flat_map(|&value| {
            let [r, g, b] = colour(value);
            [r, g, b, 255]
        })
        .collect()
}

fn draw(canvas: &HtmlCanvasElement, pixels: &[u8], side: usize) {
    let context = canvas.get_context("2d").ok().flatten();
    let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok()) else { return };
    if let Ok(image) = ImageData::new_with_u8_clamped_array(Clamped(pixels), side as u32) {
        let _ = context.put_image_data(&image, 0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_values_are_darker() {
        let picture = pixels(&[0, 1, 5, 9], LIGHT.line, INK_LIGHT);
        let shades: Vec<_> = picture.chunks(4).map(|pixel| pixel[0]).collect();
        assert!(shades.windows(2).all(|pair| pair[0] > pair[1]), "{shades:?}");
    }
}
