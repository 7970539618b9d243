//! The JavaScript face: a laboratory that a page can drive, and show in any of its elements.
//!
//! Nothing here knows of rendering or of the world's insides; it asks the store, as the panels do.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use kvarium_engine::base::time::Duration;
use kvarium_engine::resp::value::ReplyValue;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::Callback;

use crate::catalogue::Language;
use crate::console::reply_text::reply_text_of;
use crate::figure::{Figure, Mode, Props};
use crate::laboratory::{Laboratory, seconds};
use crate::scene::NodeState;
use crate::session::Session;
use crate::store::{Change, Route, Store, Theme};
use crate::told;
use crate::widgets::timeline::Transport;
use kvarium_engine::resp::show::Strings;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What a laboratory begins with. */
export interface LabOptions {
  /** "single" (the default), "3-masters", "single-busy" or "3-masters-busy". */
  scenario?: string;
  /** The same seed gives the same run, always and everywhere. */
  seed?: number;
  /** A script, as `export()` gives it; in place of scenario and seed. */
  script?: string;
  lang?: "en" | "zh";
}

/** A reply in JavaScript: integers beyond 2^53 are bigint, maps are Map, bytes that are no UTF-8 are Uint8Array. */
export type Reply = string | number | bigint | boolean | null | Uint8Array | Reply[] | Map<Reply, Reply>;

export interface LabEvent { id: number; at: number; node: string | null; kind: string; text: string; important: boolean; }

export interface NodeState {
  name: string; address: string; state: "up" | "down" | "paused"; slots: [number, number][]; keys: number;
}
export interface LabState {
  /** Simulated seconds since the beginning, and how far has been played. */
  now: number; end: number; playing: boolean; seed: number; branch: string;
  nodes: NodeState[];
  clients: { name: string; requests: number; redirected: number; lastError: string | null }[];
  /** Messages on their way. */
  inFlight: number;
  /** Of everything that has happened: equal wherever the same was done. */
  traceHash: string;
}

export interface ShowOptions { mode?: "terminal" | "figure" | "lab"; view?: string; readonly?: boolean; theme?: string; }

export interface Lab {
  on(event: "event", f: (event: LabEvent) => void): void;
  on(event: "reply", f: (reply: { node: string; command: string; text: string }) => void): void;
  on(event: "change", f: (state: LabState) => void): void;
}
"#;

#[derive(Default, Deserialize)]
#[serde(default)]
struct LabOptions {
    scenario: Option<String>,
    seed: Option<f64>,
    script: Option<String>,
    lang: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ShowOptions {
    mode: Option<String>,
    view: Option<String>,
    readonly: bool,
    theme: Option<String>,
}

/// A world of one's own, with its clock.
#[wasm_bindgen]
pub struct Lab {
    session: Session,
    listeners: Rc<RefCell<Vec<(String, Function)>>>,
}

thread_local! {
    /// How many figures have been shown, so that each has names of its own.
    static SHOWN: Cell<u32> = const { Cell::new(0) };
}

#[wasm_bindgen]
impl Lab {
    /// A world at its beginning, or where a script leads.
    ///
    /// # Errors
    /// The script can't be played.
    pub fn create(
        #[wasm_bindgen(unchecked_param_type = "LabOptions | undefined")] options: JsValue,
    ) -> Result<Lab, JsError> {
        let options: LabOptions = from_js(options)?;
        let lab = match &options.script {
            Some(script) => Laboratory::from_script(script).map_err(|why| JsError::new(&why))?,
            None => {
                Laboratory::new(options.scenario.as_deref().unwrap_or("single"), options.seed.map(|seed| seed as u64))
            }
        };
        let language = options.lang.as_deref().and_then(Language::from_tag).unwrap_or(Language::En);
        let session = Session::new(Store::new(Route::Embedded, language, lab));
        let listeners = Rc::new(RefCell::new(Vec::new()));
        tell_listeners(&session, &listeners);
        Ok(Lab { session, listeners })
    }

    /// Runs a command at a node (the first where none is named). Time moves on until the reply is there; an error reply
    /// rejects.
    #[wasm_bindgen(unchecked_return_type = "Promise<Reply>")]
    pub fn run(&self, command: &str, node: Option<String>) -> Promise {
        match self.session.change(|store| store.call(node.as_deref(), command)) {
            Ok(ReplyValue::Error(error)) => Promise::reject(&JsError::new(&error).into()),
            Ok(reply) => Promise::resolve(&to_js(&Reply(&reply))),
            Err(why) => Promise::reject(&JsError::new(&why).into()),
        }
    }

    /// Runs a command, and gives what `redis-cli` would print; errors are texts as well.
    pub fn print(&self, command: &str, node: Option<String>) -> String {
        let words = crate::console::command_line::split(command).unwrap_or_default();
        match self.session.change(|store| store.call(node.as_deref(), command)) {
            Ok(reply) => reply_text_of(&words, &reply, Strings::Escaped),
            Err(why) => format!("Error: {why}"),
        }
    }

    /// Does what a line of the script language says: `!kill A-M`, `!advance 5s`, `!load w rate=100`.
    ///
    /// # Errors
    /// Why it can't be done.
    pub fn act(&self, line: &str) -> Result<(), JsError> {
        self.session.change(|store| store.try_act(line)).map_err(|why| JsError::new(&why))
    }

    /// Goes to a moment, in seconds since the beginning; beyond what has been played, it is played.
    pub fn seek(&self, to: f64) {
        let to = Duration::from_micros((to.clamp(0.0, 86_400.0) * 1e6) as u64);
        self.session.change(|store| store.seek(to));
    }

    pub fn play(&self) {
        if !self.session.read().is_playing() {
            self.session.ask(Change::Transport(Transport::Toggle));
        }
    }

    pub fn pause(&self) {
        if self.session.read().is_playing() {
            self.session.ask(Change::Transport(Transport::Toggle));
        }
    }

    /// To the next event.
    pub fn step(&self) {
        self.session.ask(Change::Transport(Transport::Step));
    }

    /// Calls `f` for every "event", every "reply" of a terminal, or every "change" of anything.
    #[wasm_bindgen(skip_typescript)]
    pub fn on(&self, event: String, f: Function) {
        self.listeners.borrow_mut().push((event, f));
    }

    /// Clears the terminal, as `clear` does.
    pub fn clear(&self) {
        self.session.ask(Change::Type("clear".to_owned()));
    }

    /// What can be seen now.
    #[wasm_bindgen(unchecked_return_type = "LabState")]
    pub fn state(&self) -> JsValue {
        state(&self.session.read())
    }

    /// The whole experiment as text: scenario, seed and actions.
    #[wasm_bindgen(js_name = export)]
    pub fn export_script(&self) -> String {
        self.session.read().lab().script()
    }

    /// Shows this laboratory in an element, which may be a shadow root's.
    ///
    /// # Errors
    /// An option that there is not.
    pub fn show(
        &self,
        element: Element,
        #[wasm_bindgen(unchecked_param_type = "ShowOptions | undefined")] options: JsValue,
    ) -> Result<(), JsError> {
        let options: ShowOptions = from_js(options)?;
        let mode = options.mode.as_deref().unwrap_or("lab");
        let mode = Mode::named(mode).ok_or_else(|| JsError::new(&format!("mode: there is no {mode:?}")))?;
        if let Some(view) = options.view {
            self.session.ask(Change::Tab(view.into()));
        }
        let theme = match options.theme.as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::Auto,
        };
        self.session.ask(Change::Theme(theme));
        self.session.change(Store::settle_speed);
        let number = SHOWN.with(|shown| shown.replace(shown.get() + 1));
        let props = Props {
            session: self.session.clone(),
            mode,
            readonly: options.readonly,
            id: format!("kvarium-command-{number}").into(),
        };
        yew::Renderer::<Figure>::with_root_and_props(element, props).render();
        Ok(())
    }
}

fn from_js<T: Default + serde::de::DeserializeOwned>(value: JsValue) -> Result<T, JsError> {
    if value.is_undefined() || value.is_null() {
        return Ok(T::default());
    }
    serde_wasm_bindgen::from_value(value).map_err(|error| JsError::new(&error.to_string()))
}

fn to_js(value: &impl Serialize) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::new()
        .serialize_missing_as_null(true)
        .serialize_large_number_types_as_bigints(true);
    value.serialize(&serializer).unwrap_or(JsValue::UNDEFINED)
}

/// Calls listeners after every change, with what is new since the last time.
fn tell_listeners(session: &Session, listeners: &Rc<RefCell<Vec<(String, Function)>>>) {
    let heard = Cell::new(session.read().lab().count());
    let answered = Cell::new(0);
    let (watched, listeners) = (session.downgrade(), listeners.clone());
    session.watch(Callback::from(move |()| {
        let listeners = listeners.borrow().clone();
        let call = |name: &str, value: &dyn Fn() -> JsValue| {
            for (_, f) in listeners.iter().filter(|(event, _)| event == name) {
                let _ = f.call1(&JsValue::NULL, &value());
            }
        };
        let Some(session) = watched.upgrade().filter(|_| !listeners.is_empty()) else { return };
        let store = session.read();
        let lab = store.lab();
        for happened in lab.history().trace().iter().filter(|happened| happened.id >= heard.get()) {
            call("event", &|| to_js(&EventView::of(lab, happened)));
        }
        heard.set(lab.count());
        let done = |exchange: &&kvarium_engine::world::console::Exchange| exchange.reply.is_some();
        let new: Vec<_> = lab.exchanges(1).filter(done).filter(|exchange| exchange.number >= answered.get()).collect();
        for exchange in &new {
            let words = crate::console::command_line::split(&exchange.command).unwrap_or_default();
            let text = exchange.reply.as_ref().map(|reply| reply_text_of(&words, reply, Strings::Escaped));
            let view = ReplyView { node: lab.node_name(exchange.node), command: &exchange.command, text };
            call("reply", &|| to_js(&view));
        }
        answered.set(new.last().map_or(answered.get(), |exchange| exchange.number + 1));
        call("change", &|| state(&store));
    }));
}

#[derive(Serialize)]
struct ReplyView<'a> {
    node: &'a str,
    command: &'a str,
    text: Option<String>,
}

#[derive(Serialize)]
struct EventView<'a> {
    id: f64,
    at: f64,
    node: Option<&'a str>,
    kind: &'static str,
    text: String,
    important: bool,
}

impl<'a> EventView<'a> {
    fn of(lab: &'a Laboratory, happened: &kvarium_engine::world::trace::Happened) -> EventView<'a> {
        EventView {
            id: happened.id as f64,
            at: seconds(happened.at),
            node: happened.node.map(|node| lab.node_name(node)),
            kind: happened.event.kind(),
            text: told::line(lab.history().world(), &happened.event).text,
            important: told::weight(&happened.event) == told::Weight::Important,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StateView {
    now: f64,
    end: f64,
    playing: bool,
    seed: f64,
    branch: String,
    nodes: Vec<NodeStateView>,
    clients: Vec<ClientStateView>,
    in_flight: u32,
    trace_hash: String,
}

#[derive(Serialize)]
struct NodeStateView {
    name: String,
    address: String,
    state: &'static str,
    slots: Vec<(u16, u16)>,
    keys: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientStateView {
    name: String,
    requests: f64,
    redirected: f64,
    last_error: Option<String>,
}

fn state(store: &Store) -> JsValue {
    let (lab, scene) = (store.lab(), store.scene());
    let history = lab.history();
    let node = |node: &crate::scene::NodeView| NodeStateView {
        name: node.name.clone(),
        address: node.address.clone(),
        state: match node.state {
            NodeState::Up => "up",
            NodeState::Down => "down",
            NodeState::Paused => "paused",
        },
        slots: node.ranges.clone(),
        keys: node.keys as f64,
    };
    let client = |client: &crate::scene::ClientView| ClientStateView {
        name: client.name.clone(),
        requests: client.requests as f64,
        redirected: client.redirected as f64,
        last_error: client.last_error.clone(),
    };
    to_js(&StateView {
        now: seconds(lab.now()),
        end: seconds(history.end()),
        playing: store.is_playing(),
        seed: history.seed() as f64,
        branch: history.branches()[history.branch()].name.clone(),
        nodes: scene.nodes.iter().map(node).collect(),
        clients: scene.clients.iter().map(client).collect(),
        in_flight: scene.flights.len() as u32,
        trace_hash: format!("{:016x}", history.trace_hash()),
    })
}

/// A reply on its way to JavaScript.
struct Reply<'a>(&'a ReplyValue);

impl Serialize for Reply<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |serializer: S, bytes: &[u8]| match str::from_utf8(bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.serialize_bytes(bytes),
        };
        /// The greatest integer up to which every integer is a number of JavaScript.
        const SAFE: u64 = (1 << 53) - 1;
        match self.0 {
            ReplyValue::Simple(line) | ReplyValue::Error(line) => serializer.serialize_str(line),
            ReplyValue::Integer(value) if value.unsigned_abs() <= SAFE => serializer.serialize_f64(*value as f64),
            ReplyValue::Integer(value) => serializer.serialize_i64(*value),
            ReplyValue::Bulk(bytes) => text(serializer, bytes),
            ReplyValue::Null => serializer.serialize_unit(),
            ReplyValue::Double(value) => serializer.serialize_f64(*value),
            ReplyValue::Boolean(value) => serializer.serialize_bool(*value),
            ReplyValue::BigNumber(digits) => serializer.serialize_str(digits),
            ReplyValue::Verbatim { text: body, .. } => text(serializer, body),
            ReplyValue::Array(items) | ReplyValue::Set(items) | ReplyValue::Push(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Reply(item)))?;
                list.end()
            }
            ReplyValue::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                pairs.iter().try_for_each(|(key, value)| map.serialize_entry(&Reply(key), &Reply(value)))?;
                map.end()
            }
        }
    }
}
