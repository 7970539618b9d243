//! 16384 slots as 128 rows of 128 cells on a canvas, with a cursor that arrow keys move.

use std::rc::Rc;

use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};
use yew::prelude::*;

use crate::palette::{DARK, LIGHT, Palette, Rgb, is_hatched, mix};

pub const SIDE: u32 = 128;

/// Pixels of the canvas per cell and direction.
const CELL: u32 = 6;

#[derive(Properties, PartialEq)]
pub struct Props {
    /// What the map is called, with how to use it.
    pub label: AttrValue,
    /// What the cursor's cell holds, in words.
    pub said: AttrValue,
    /// The shard that owns each slot.
    pub owners: Rc<[Option<u8>]>,
    /// With weights, slots fade with what they hold, between 0 and 1.
    pub weights: Option<Rc<[f32]>>,
    pub dark: bool,
    /// Width and height on the page, in pixels.
    pub size: u32,
    pub cursor: u16,
    pub on_cursor: Callback<u16>,
}

#[component]
pub fn SlotMap(props: &Props) -> Html {
    let canvas = use_node_ref();
    {
        let canvas = canvas.clone();
        let drawn = (props.owners.clone(), props.weights.clone(), props.dark);
        use_effect_with(drawn, move |(owners, weights, dark)| {
            let palette = if *dark { &DARK } else { &LIGHT };
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                draw(&canvas, &pixels(owners, weights.as_deref(), palette));
            }
        });
    }
    let onkeydown = {
        let (cursor, on_cursor) = (i32::from(props.cursor), props.on_cursor.clone());
        Callback::from(move |event: KeyboardEvent| {
            let step = if event.shift_key() { 8 } else { 1 };
            let side = SIDE as i32;
            let to = match event.key().as_str() {
                "ArrowLeft" => cursor - step,
                "ArrowRight" => cursor + step,
                "ArrowUp" => cursor - side * step,
                "ArrowDown" => cursor + side * step,
                "PageUp" => cursor - side * 16,
                "PageDown" => cursor + side * 16,
                "Home" => 0,
                "End" => side * side - 1,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            on_cursor.emit(to.clamp(0, side * side - 1) as u16);
        })
    };
    let onclick = {
        let (size, on_cursor) = (props.size, props.on_cursor.clone());
        Callback::from(move |event: MouseEvent| {
            let cell = |offset: i32| ((offset.max(0) as u32 * SIDE) / size.max(1)).min(SIDE - 1);
            on_cursor.emit((cell(event.offset_y()) * SIDE + cell(event.offset_x())) as u16);
        })
    };
    let cell = f64::from(props.size) / f64::from(SIDE);
    let shown = cell.max(8.0);
    let at = |index: u32| f64::from(index) * cell + (cell - shown) / 2.0;
    let (x, y) = (at(u32::from(props.cursor) % SIDE), at(u32::from(props.cursor) / SIDE));
    let cursor = format!("left:{x:.1}px;top:{y:.1}px;width:{shown:.1}px;height:{shown:.1}px");
    let side = format!("width:{0}px;height:{0}px", props.size);
    html! {
        <div class="slot-map" role="application" tabindex="0" aria-label={props.label.clone()} aria-describedby="slot-said"
            style={side.clone()} {onkeydown} {onclick}>
            <canvas ref={canvas} width={(SIDE * CELL).to_string()} height={(SIDE * CELL).to_string()} aria-hidden="true" style={side} />
            <div class="slot-cursor" style={cursor}></div>
            <span id="slot-said" class="hidden-text" aria-live="polite">{ props.said.clone() }</span>
        </div>
    }
}

/// The picture, four bytes a pixel.
fn pixels(owners: &[Option<u8>], weights: Option<&[f32]>, palette: &Palette) -> Vec<u8> {
    let width = SIDE * CELL;
    let mut out = Vec::with_capacity((width * width * 4) as usize);
    for y in 0..width {
        for x in 0..width {
            let slot = (y / CELL * SIDE + x / CELL) as usize;
            let [r, g, b] = colour(owners[slot], weights.map(|weights| weights[slot]), palette, x, y);
            out.extend([r, g, b, 255]);
        }
    }
    out
}

fn colour(owner: Option<u8>, weight: Option<f32>, palette: &Palette, x: u32, y: u32) -> Rgb {
    let Some(shard) = owner else {
        // Nobody's slots: a coarse weave in the colour of lines.
        let woven = (x + y) % 12 < 3 || (x + 12 - y % 12) % 12 < 3;
        return if woven { palette.line } else { palette.paper };
    };
    let hue = palette.shards[shard as usize % palette.shards.len()];
    let hue = weight.map_or(hue, |weight| mix(mix(palette.paper, hue, 0.16), hue, weight));
    if is_hatched(shard as usize, x, y) { mix(hue, palette.paper, 0.28) } else { hue }
}

fn draw(canvas: &HtmlCanvasElement, pixels: &[u8]) {
    let context = canvas.get_context("2d").ok().flatten();
    let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok()) else { return };
    if let Ok(image) = ImageData::new_with_u8_clamped_array(Clamped(pixels), SIDE * CELL) {
        let _ = context.put_image_data(&image, 0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_its_owners_hue_and_nobodys_cells_have_none() {
        let mut owners = vec![None; 16384];
        owners[129] = Some(1);
        let picture = pixels(&owners, None, &LIGHT);
        let at = |x: u32, y: u32| &picture[((y * SIDE * CELL + x) * 4) as usize..][..3];
        // Slot 129 is the second cell of the second row; its fourth row of pixels carries no hatch.
        assert_eq!(at(CELL + 2, CELL + 3), LIGHT.shards[1]);
        assert!((0..CELL).all(|x| at(x, 3) == LIGHT.paper || at(x, 3) == LIGHT.line));
    }
}
