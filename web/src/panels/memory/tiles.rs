//! The field of tiles on a canvas, with a cursor that arrow keys move and that says what is under it.

use std::cell::RefCell;
use std::rc::Rc;

use kvarium_engine::base::sort;
use kvarium_engine::inspect::Inspect;
use kvarium_engine::resp::show::argument_text;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};
use yew::prelude::*;

use super::field::{Field, Tile};
use super::layout::{Cell, beside, cell_of, lay_out};
use super::marks::{Held, marks};
use super::picture::{LETTERED, Look, Mark, NAMED, Picture};
use super::{ChoiceProps, letter, said, use_text};
use crate::catalogue::Words;
use crate::palette::{DARK, LIGHT, Rgb};
use crate::store::{Change, Store};
use crate::widgets::state::use_value;
use crate::widgets::viewport::use_viewport;

/// While the clock runs, a picture of many tiles is drawn so often, in milliseconds.
const DRAWN: f64 = 66.0;
const MANY: usize = 400;
/// Tiles that have letters, at most: more of them nobody reads.
const LETTERS: usize = 600;

/// What is drawn, and what it was drawn from.
#[derive(Default)]
struct Drawing {
    field: Field,
    cells: Vec<Cell>,
    held: Held,
    /// When, for which size and colours.
    drawn: f64,
    asked: (u32, u32, bool),
    /// To be put on the canvas.
    next: Option<(Picture, Vec<Label>)>,
}

struct Label {
    x: i32,
    y: i32,
    text: String,
    colour: Rgb,
}

impl Drawing {
    fn is_due(&self, store: &Store, asked: (u32, u32, bool)) -> bool {
        let is_calm = self.cells.len() < MANY && !self.field.is_aggregated();
        !store.is_running() || is_calm || asked != self.asked || crate::frame::now() - self.drawn >= DRAWN
    }

    fn draw(&mut self, store: &Store, node: Inspect<'_>, props: &ChoiceProps, (width, height): (u32, u32)) {
        let (scale, dark) = (scale(), store.is_dark());
        (self.drawn, self.asked) = (crate::frame::now(), (width, height, dark));
        self.field.look(store.side(props.other).0, node, (store.selected, store.database), store.is_running());
        let marks = marks(store, props.other, props.chosen, self.held.until(store, props.other));
        let gone = |mark: Mark| matches!(mark, Mark::Dropped | Mark::Victim);
        for (key, _) in marks.iter().filter(|(_, mark)| gone(**mark)) {
            self.field.keep_gone(node.place(key), key);
        }
        let (width, height) = (width * scale, height * scale);
        let tiles = self.field.tiles();
        self.cells = lay_out(tiles, width, height);
        let palette = if dark { &DARK } else { &LIGHT };
        let look = Look { palette, dark, now: node.now().millis(), scale: scale as i32 };
        let mut picture = Picture::new(width, height, palette.paper);
        for cell in &self.cells {
            picture.tile(cell, shown(&tiles[cell.from..cell.to]), &look);
        }
        let mut marked: Vec<_> = marks
            .iter()
            .filter_map(|(key, mark)| Some((*mark, cell_of(&self.cells, self.field.tile_at(node.place(key))?)?)))
            .collect();
        sort::sort_by(&mut marked, Ord::cmp);
        for (mark, cell) in marked {
            picture.mark(&self.cells[cell], mark, &look);
        }
        let labels = labels(store.words(), &self.cells, tiles, &look);
        self.next = Some((picture, labels));
    }

    fn put(&mut self, canvas: &HtmlCanvasElement) {
        let Some((picture, labels)) = self.next.take() else { return };
        let context = canvas.get_context("2d").ok().flatten();
        let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok()) else {
            return;
        };
        let (width, height) = (picture.width as u32, picture.height as u32);
        if (canvas.width(), canvas.height()) != (width, height) {
            canvas.set_width(width);
            canvas.set_height(height);
        }
        if let Ok(image) = ImageData::new_with_u8_clamped_array(Clamped(&picture.pixels), width) {
            let _ = context.put_image_data(&image, 0.0, 0.0);
        }
        context.set_font(&format!("{}px ui-monospace, Menlo, Consolas, monospace", 11 * scale()));
        for Label { x, y, text, colour: [r, g, b] } in labels {
            context.set_fill_style_str(&format!("rgb({r} {g} {b})"));
            let _ = context.fill_text(&text, x.into(), y.into());
        }
    }
}

/// Of tiles that are drawn as one, the largest.
fn shown(tiles: &[Tile]) -> &Tile {
    tiles.iter().max_by_key(|tile| tile.memory).unwrap_or(&tiles[0])
}

/// Pixels of the canvas in one of the page.
fn scale() -> u32 {
    web_sys::window().map_or(1.0, |window| window.device_pixel_ratio()).round().clamp(1.0, 2.0) as u32
}

/// Letters on tiles that are large enough for them, and names on those that are larger still.
fn labels(words: Words, cells: &[Cell], tiles: &[Tile], look: &Look<'_>) -> Vec<Label> {
    let scale = look.scale;
    let is_named = |cell: &Cell| cell.width >= NAMED.0 * scale && cell.height >= NAMED.1 * scale;
    let mut labels = Vec::new();
    for cell in cells.iter().filter(|cell| cell.width.min(cell.height) >= LETTERED * scale).take(LETTERS) {
        let tile = shown(&tiles[cell.from..cell.to]);
        let colour = look.text(tile);
        let mut add = |line: i32, text: String| {
            labels.push(Label { x: cell.x + 4 * scale, y: cell.y + (12 + 13 * line) * scale, text, colour });
        };
        add(0, letter(tile.kind).to_owned());
        if is_named(cell) {
            // A letter of this font is less than seven pixels wide.
            let room = (cell.width / scale / 7 - 1) as usize;
            let name = tile.key.as_ref().map_or_else(|| words.count_keys(tile.keys as u64), |key| argument_text(key));
            add(1, cut(&name, room));
            if cell.height >= (NAMED.1 + 13) * scale && !tile.gone {
                add(2, cut(&use_text(words, tile), room));
            }
        }
    }
    labels
}

fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room { text.to_owned() } else { text.chars().take(room - 1).chain(['…']).collect() }
}

#[component]
pub fn Tiles(props: &ChoiceProps) -> Html {
    let (body, canvas) = (use_node_ref(), use_node_ref());
    let size = use_viewport(&body);
    let cursor = use_value(0u64);
    let drawing = use_mut_ref(Drawing::default);
    {
        let (drawing, canvas) = (drawing.clone(), canvas.clone());
        use_effect(move || {
            if let Some(canvas) = canvas.cast() {
                drawing.borrow_mut().put(&canvas);
            }
        });
    }
    let store = props.view.read();
    let words = store.words();
    let Some(node) = store.side(props.other).0.inspect(store.selected) else { return Html::default() };
    {
        let mut drawing = drawing.borrow_mut();
        if size.0 > 0 && size.1 > 0 && drawing.is_due(&store, (size.0, size.1, store.is_dark())) {
            drawing.draw(&store, node, props, size);
        }
    }
    let now = drawing.borrow();
    let at = now.field.tiles().partition_point(|tile| tile.place < *cursor);
    let at = cell_of(&now.cells, at).unwrap_or(now.cells.len().saturating_sub(1));
    let here = now.cells.get(at).copied();
    let under = here.map(|cell| &now.field.tiles()[cell.from..cell.to]).unwrap_or_default();
    let text = if under.is_empty() { words.no_keys().to_owned() } else { said(words, node, under) };
    let key = under.first().filter(|tile| under.len() == 1 && !tile.gone).and_then(|tile| tile.key.clone());

    let go = going(&drawing, &cursor);
    let onkeydown = {
        let (go, drawing) = (go.clone(), drawing.clone());
        Callback::from(move |event: KeyboardEvent| {
            let cells = &drawing.borrow().cells;
            let to = match event.key().as_str() {
                "ArrowLeft" => beside(cells, at, (-1, 0)),
                "ArrowRight" => beside(cells, at, (1, 0)),
                "ArrowUp" => beside(cells, at, (0, -1)),
                "ArrowDown" => beside(cells, at, (0, 1)),
                "Home" => 0,
                "End" => cells.len().saturating_sub(1),
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            go(to);
        })
    };
    let onclick = {
        let drawing = drawing.clone();
        Callback::from(move |event: MouseEvent| {
            let scale = scale() as i32;
            let (x, y) = (event.offset_x() * scale, event.offset_y() * scale);
            let found = drawing.borrow().cells.iter().position(|cell| cell.holds(x, y));
            found.into_iter().for_each(&go);
        })
    };
    let frame = here.map(|cell| {
        let scale = scale() as f32;
        let page = |at: i32| at as f32 / scale;
        let (width, height) = (page(cell.width).max(8.0), page(cell.height).max(8.0));
        format!("left:{}px;top:{}px;width:{width}px;height:{height}px", page(cell.x), page(cell.y))
    });
    let open = key.map(|key| {
        let key: Rc<[u8]> = (*key).into();
        let view = props.view.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            view.ask(Change::OpenKey(Some(key.clone())));
            view.ask(Change::Tab("keyspace".into()));
        });
        html! { <button type="button" class="button plain" {onclick}>{ words.open_value() }</button> }
    });
    html! {
        <>
            <div class="field-of-tiles" ref={body} role="application" tabindex="0" aria-label={words.field_of_tiles()} {onkeydown} {onclick}>
                <canvas ref={canvas} aria-hidden="true" style={format!("width:{}px;height:{}px", size.0, size.1)} />
                if let Some(frame) = frame {
                    <div class="slot-cursor" style={frame}></div>
                }
                <span class="hidden-text" aria-live="polite">{ text.clone() }</span>
            </div>
            <p class="tile-said" data-tiles={now.cells.len().to_string()}>
                <span class="mono" aria-hidden="true">{ text }</span>{ open }
            </p>
        </>
    }
}

/// Goes to a cell by its number.
fn going(drawing: &Rc<RefCell<Drawing>>, cursor: &UseStateHandle<u64>) -> impl Fn(usize) + Clone + 'static {
    let (drawing, cursor) = (drawing.clone(), cursor.clone());
    move |to: usize| {
        let drawing = drawing.borrow();
        if let Some(cell) = drawing.cells.get(to) {
            cursor.set(drawing.field.tiles()[cell.from].place);
        }
    }
}

pub fn legend(words: Words) -> Html {
    let item = |class: &'static str, text: &'static str| {
        html! { <li><span class={classes!("tile-sign", class)} aria-hidden="true"></span>{ text }</li> }
    };
    html! {
        <ul class="tile-legend" aria-label={words.legend()}>
            <li>{ words.size_is_bytes() }</li>
            { item("pale", words.pale_is_idle()) }
            { item("ringed", words.ring_is_ttl()) }
            { item("hollow", words.hollow_is_expired()) }
            { item("kept", words.mark_kept()) }
            { item("dropped", words.mark_dropped()) }
            { item("sampled", words.mark_sampled()) }
            { item("pooled", words.mark_pooled()) }
            { item("victim", words.mark_victim()) }
        </ul>
    }
}
