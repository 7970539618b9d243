//! All that the page knows, and the only code that changes it. Panels read it and ask for [`Change`]s.

use std::cell::{OnceCell, Ref, RefCell};
use std::rc::Rc;

use kvarium_engine::base::sort;
use kvarium_engine::base::time::Duration;
use kvarium_engine::inspect::Inspect;
use kvarium_engine::resp::value::ReplyValue;
use kvarium_engine::world::otherwise::Otherwise;
use yew::{AttrValue, Callback};

use crate::catalogue::{Language, Words};
use crate::compared::Compared;
use crate::console::completion::Known;
use crate::consoles::Consoles;
use crate::heard::Heard;
use crate::laboratory::{Laboratory, ROWS, ROWS_BUSY, seconds};
use crate::lessons::{LessonChange, Lessons, Open};
use crate::narrator::Narrator;
use crate::panels::{INSPECTOR, PANELS, Panel};
use crate::scene::Scene;
use crate::session::Session;
use crate::widgets::event_list::Row;
use crate::widgets::timeline::{Mark, Transport};

/// The store as it is at one revision, and the way to ask it for changes.
#[derive(Clone, PartialEq)]
pub struct View {
    session: Session,
    revision: u64,
}

impl View {
    pub fn new(session: Session) -> View {
        let revision = session.read().revision;
        View { session, revision }
    }

    pub fn read(&self) -> Ref<'_, Store> {
        self.session.read()
    }

    pub fn ask(&self, change: Change) {
        self.session.ask(change);
    }

    /// A callback that asks for what an event means.
    pub fn changing<E: 'static>(&self, change: impl Fn(E) -> Change + 'static) -> Callback<E> {
        let session = self.session.clone();
        Callback::from(move |event| session.ask(change(event)))
    }

    /// The same, for events that may mean nothing.
    pub fn asking<E: 'static>(&self, change: impl Fn(E) -> Option<Change> + 'static) -> Callback<E> {
        let session = self.session.clone();
        Callback::from(move |event| {
            if let Some(change) = change(event) {
                session.ask(change);
            }
        })
    }
}

/// Everything that can be asked of the store.
#[derive(Clone, Debug)]
pub enum Change {
    Language(Language),
    Theme(Theme),
    SystemIsDark(bool),
    ReducedMotion(bool),
    Go(Route),
    /// Plays a shared script.
    Open(Result<String, &'static str>),
    StartOver,
    Tab(AttrValue),
    Select(usize),
    Table,
    Database(usize),
    /// Opens the value of a key of the selected node, or closes it.
    OpenKey(Option<Rc<[u8]>>),
    TypeKey(String),
    SlotCursor(u16),
    Resize(Splitter, i32),
    Sheet(Sheet),
    Lower(Lower),
    Show(Option<DialogKind>),
    Important(bool),
    Filter(String),
    Transport(Transport),
    /// A line of the script language that acts on the world: `!kill A-M`.
    Act(String),
    /// A line typed into the terminal.
    Type(String),
    /// Ends what the terminal waits for or listens to.
    Leave,
    Console(ConsoleChange),
    Lesson(LessonChange),
    /// Compares with what would be if the selected node had other parameters; with nothing any more where there are none.
    Compare(Vec<(&'static str, String)>),
    DismissBanner,
}

#[derive(Clone, Debug)]
pub enum ConsoleChange {
    Open,
    Close(usize),
    Choose(usize),
    Node(String),
    Follow(bool),
    Resp3(bool),
    Readable(bool),
    Raw(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Auto,
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Home,
    Lab(&'static str),
    Lessons,
    Lesson(&'static str),
    /// Whatever a link holds.
    Shared,
    /// Inside somebody else's page.
    Embedded,
}

/// A text by its name in the catalogue.
pub type Named = fn(Words) -> &'static str;

/// The set-ups that the page offers, by the names they have in links.
pub const PRESETS: [(&str, Named); 2] = [("single", Words::single_node), ("3-masters", Words::three_masters)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splitter {
    Inspector,
    Lower,
    Events,
}

/// How far the lower pane of a telephone is drawn up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    Peek,
    Half,
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lower {
    Lesson,
    Terminal,
    Events,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialogKind {
    Keyboard,
    Share,
}

/// Something said across the top of the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Banner {
    Shared { actions: u64, hash: u64 },
    BadLink(String),
}

/// Wall time and simulated time.
#[derive(Clone, Debug)]
struct Clock {
    playing: bool,
    /// Speed is 2 to this power.
    exponent: i32,
    /// When the last frame was, in milliseconds of the page.
    last_frame: Option<f64>,
    /// Runs on although paused, until every terminal has its reply, or until this moment.
    until_answered: Option<Duration>,
    /// Frames in a row in which the world did not get as far as the clock asked.
    behind: u32,
    /// What moves at one moment is on its way for so long, in simulated seconds.
    travel: f64,
    /// What happened before this moment, in seconds since the beginning, is where it belongs: it moved at another pace.
    travel_since: f64,
}

/// Seconds of simulated time that a paused clock runs on at most for a reply.
const PATIENCE: u64 = 5;
/// A message that a paused clock runs on for travels about so long, in seconds of the viewer.
const UNHURRIED: f64 = 0.22;
/// Links that somebody made slow, to be watched; then a message travels for at least so long, in seconds of the viewer.
const WATCHED: Duration = Duration::from_millis(10);
const WATCHABLE: f64 = 0.36;
/// So many frames behind the clock are a trend.
const BEHIND: u32 = 1;
/// Panels and log are read anew so often while the world is busy, in milliseconds.
const READ: f64 = 120.0;
/// Slowest and fastest, as powers of two.
const SPEEDS: std::ops::RangeInclusive<i32> = -12..=6;

/// Keys that a completion looks at, at most.
const COMPLETION_SCAN: usize = 5000;
/// The verbs that act on the world, and what they take.
const VERBS: &[(&str, &str)] = &[
    ("kill", "NODE"),
    ("restart", "NODE|NAME"),
    ("pause", "NODE"),
    ("resume", "NODE"),
    ("cut", "NODE NODE"),
    ("heal", "[NODE NODE]"),
    ("latency", "[NODE NODE] 5ms"),
    ("jitter", "[NODE NODE] 1ms"),
    ("clock", "NODE +5s"),
    ("load", "NAME rate=50 keys=1000 read=0.8 pipeline=1 client=smart"),
    ("produce", "NAME stream=jobs rate=2"),
    ("consume", "NAME stream=jobs group=g work=200ms fail=0 poison=bad dead=3:jobs:dead"),
    ("reap", "NAME stream=jobs group=g idle=5s every=1s dead=3:jobs:dead"),
    ("crash", "NAME"),
    ("stop", "NAME"),
    ("advance", "5s"),
    ("until", "event(Moved) limit 60s"),
];

pub struct Store {
    pub revision: u64,
    pub language: Language,
    pub theme: Theme,
    pub route: Route,
    pub tab: AttrValue,
    pub selected: usize,
    pub as_table: bool,
    pub database: usize,
    /// The key whose value is open.
    pub opened: Option<Rc<[u8]>>,
    pub typed_key: String,
    pub slot_cursor: u16,
    pub inspector_width: i32,
    pub lower_height: i32,
    pub events_width: i32,
    pub sheet: Sheet,
    pub lower: Lower,
    pub dialog: Option<DialogKind>,
    pub banner: Option<Banner>,
    pub important_only: bool,
    pub filter: String,
    pub consoles: Consoles,
    pub narrator: Narrator,
    pub heard: Heard,
    pub lessons: Lessons,
    /// What is put into the terminal to be run or changed, each with a number of its own.
    pub inserted: Option<(u64, AttrValue)>,
    lab: Laboratory,
    compared: Option<Compared>,
    clock: Clock,
    system_is_dark: bool,
    reduced_motion: bool,
    scene: OnceCell<Rc<Scene>>,
    log: RefCell<Option<Log>>,
}

/// What was last read of the trace, for which question, and when.
struct Log {
    asked: (bool, String),
    read: f64,
    rows: Rc<[Row]>,
    marks: Rc<[Mark]>,
}

impl Store {
    pub fn new(route: Route, language: Language, lab: Laboratory) -> Store {
        let mut store = Store {
            revision: 0,
            language,
            theme: Theme::Auto,
            route,
            tab: PANELS[0].id.into(),
            selected: 0,
            as_table: false,
            database: 0,
            opened: None,
            typed_key: String::new(),
            slot_cursor: 0,
            inspector_width: 400,
            lower_height: 260,
            events_width: 480,
            sheet: Sheet::Half,
            lower: Lower::Terminal,
            dialog: None,
            banner: None,
            important_only: false,
            filter: String::new(),
            consoles: Consoles::default(),
            narrator: Narrator::default(),
            heard: Heard::default(),
            lessons: Lessons::default(),
            inserted: None,
            lab,
            compared: None,
            clock: Clock {
                playing: false,
                exponent: 0,
                last_frame: None,
                until_answered: None,
                behind: 0,
                travel: 0.0,
                travel_since: 0.0,
            },
            system_is_dark: false,
            reduced_motion: false,
            scene: OnceCell::new(),
            log: RefCell::default(),
        };
        store.settle_speed();
        store.consoles = Consoles::new(&store.lab);
        store.narrator.forget(&store.lab);
        store.heard.listen(&store.lab);
        store
    }

    // What panels read.

    pub fn words(&self) -> Words {
        Words(self.language)
    }

    pub fn lab(&self) -> &Laboratory {
        &self.lab
    }

    /// What the world is compared with.
    pub fn compared(&self) -> Option<&Compared> {
        self.compared.as_ref()
    }

    /// The world and what was heard of it, or the other one that it is compared with.
    pub fn side(&self, other: bool) -> (&Laboratory, &Heard) {
        let compared = self.compared.as_ref().filter(|_| other);
        compared.map_or((&self.lab, &self.heard), |compared| (&compared.lab, &compared.heard))
    }

    pub fn scene(&self) -> Rc<Scene> {
        self.scene.get_or_init(|| Rc::new(self.lab.scene())).clone()
    }

    /// Rows of the log and marks on the rail. While the world runs they are read a few times a second, not every frame.
    pub fn log(&self) -> (Rc<[Row]>, Rc<[Mark]>) {
        let mut log = self.log.borrow_mut();
        let asked = (self.important_only, self.filter.clone());
        let is_fresh = |log: &Log| log.asked == asked && self.is_running() && crate::frame::now() - log.read < READ;
        if !log.as_ref().is_some_and(is_fresh) {
            let most = if self.is_behind() { ROWS_BUSY } else { ROWS };
            let rows = self.lab.rows(self.important_only, &self.filter, most);
            *log = Some(Log { asked, read: crate::frame::now(), rows, marks: self.lab.marks() });
        }
        log.as_ref().map(|log| (log.rows.clone(), log.marks.clone())).unwrap_or_default()
    }

    /// The selected node, unless it is down.
    pub fn inspect(&self) -> Option<Inspect<'_>> {
        self.lab.inspect(self.selected)
    }

    pub fn is_cluster(&self) -> bool {
        self.scene().nodes.iter().any(|node| !node.ranges.is_empty())
    }

    pub fn is_playing(&self) -> bool {
        self.clock.playing
    }

    /// Simulated seconds in one of the viewer's.
    pub fn speed(&self) -> f64 {
        2f64.powi(self.clock.exponent)
    }

    /// `1×`, `1/64×`.
    pub fn speed_text(&self) -> String {
        match self.clock.exponent {
            exponent @ 0.. => format!("{}×", 1 << exponent),
            exponent => format!("1/{}×", 1u32 << -exponent),
        }
    }

    /// Does anything on the page travel at all?
    pub fn moves(&self) -> bool {
        !self.reduced_motion
    }

    pub fn is_dark(&self) -> bool {
        match self.theme {
            Theme::Auto => self.system_is_dark,
            Theme::Light => false,
            Theme::Dark => true,
        }
    }

    /// The panels that have anything to show here, as tabs.
    pub fn panels(&self) -> impl Iterator<Item = &'static Panel> {
        PANELS.iter().chain([&INSPECTOR]).filter(|panel| (panel.is_there)(self))
    }

    pub fn panel(&self) -> &'static Panel {
        self.panels().find(|panel| self.tab == panel.id).unwrap_or(&PANELS[0])
    }

    pub fn keys_in_slot(&self, slot: u16) -> u64 {
        (0..self.scene().nodes.len())
            .filter_map(|at| self.lab.inspect(at))
            .map(|node| node.keyspace().db(0).slot_len(slot) as u64)
            .sum()
    }

    pub fn keys_of_slots(&self) -> Vec<u32> {
        let nodes: Vec<_> = (0..self.scene().nodes.len()).filter_map(|at| self.lab.inspect(at)).collect();
        (0..16384).map(|slot| nodes.iter().map(|node| node.keyspace().db(0).slot_len(slot) as u32).sum()).collect()
    }

    // What changes.

    /// Does what was asked.
    pub fn apply(&mut self, change: Change) {
        self.revision += 1;
        match change {
            Change::Language(language) => self.language = language,
            Change::Theme(theme) => self.theme = theme,
            Change::SystemIsDark(dark) => self.system_is_dark = dark,
            Change::ReducedMotion(reduced) => self.reduced_motion = reduced,
            Change::Go(route) => self.go(route),
            Change::Open(script) => self.open(script),
            Change::StartOver => self.enter(self.lab.anew()),
            Change::Tab(tab) => self.tab = tab,
            Change::Select(node) => self.select(node),
            Change::Table => self.as_table = !self.as_table,
            Change::Database(database) => {
                self.database = database;
                self.opened = None;
            }
            Change::OpenKey(key) => self.opened = key,
            Change::TypeKey(key) => self.type_key(key),
            Change::SlotCursor(slot) => self.slot_cursor = slot,
            Change::Resize(Splitter::Inspector, to) => self.inspector_width = to,
            Change::Resize(Splitter::Lower, to) => self.lower_height = to,
            Change::Resize(Splitter::Events, to) => self.events_width = to,
            Change::Sheet(sheet) => self.sheet = sheet,
            Change::Lower(lower) => self.lower = lower,
            Change::Show(dialog) => self.dialog = dialog,
            Change::Important(only) => self.important_only = only,
            Change::Filter(text) => self.filter = text,
            Change::Transport(what) => self.transport(what),
            Change::Act(line) => self.act(&line),
            Change::Type(line) => self.type_line(&line),
            Change::Leave => self.leave(),
            Change::Console(change) => self.consoles.apply(change),
            Change::Lesson(change) => self.lesson(change),
            Change::Compare(settings) => self.compare(settings),
            Change::DismissBanner => self.banner = None,
        }
    }

    fn compare(&mut self, settings: Vec<(&'static str, String)>) {
        let node = self.scene().nodes.get(self.selected).map(|node| node.name.clone());
        let Some(node) = node.filter(|_| !settings.is_empty()) else {
            self.compared = None;
            return;
        };
        match Compared::new(&self.lab, Otherwise { node, settings }) {
            Ok(compared) => self.compared = Some(compared),
            Err(why) => self.consoles.note("", self.lab.now(), Some(why)),
        }
    }

    fn go(&mut self, route: Route) {
        let stays = match (self.route, route) {
            (Route::Lessons | Route::Lesson(_) | Route::Shared, Route::Lab(_)) => false,
            (_, Route::Lab(preset)) => self.lab.preset() == preset,
            (before, after) => before == after,
        };
        self.route = route;
        if stays {
            return;
        }
        self.lessons.open = None;
        self.lessons.failed = false;
        match route {
            Route::Home => self.enter(Laboratory::home()),
            Route::Lab(preset) => self.enter(Laboratory::new(preset, None)),
            Route::Lessons | Route::Lesson(_) | Route::Shared | Route::Embedded => {}
        }
    }

    fn lesson(&mut self, change: LessonChange) {
        match change {
            LessonChange::Listed(list) => self.lessons.list = Some(list.into()),
            LessonChange::Failed => self.lessons.failed = true,
            LessonChange::TryAgain => self.lessons.failed = false,
            LessonChange::Opened(lesson, progress) => match Open::new(lesson, progress) {
                Ok((open, lab)) => self.begin(open, lab),
                Err(why) => {
                    self.banner = Some(Banner::BadLink(why));
                    self.lessons.failed = true;
                }
            },
            LessonChange::Reset => {
                let anew = self.lessons.open.as_ref().map(|open| Open::new(open.lesson.clone(), None));
                if let Some(Ok((open, lab))) = anew {
                    self.begin(open, lab);
                }
            }
            LessonChange::SetUp => self.set_up(),
            LessonChange::Lock => {
                let line = self.lessons.open.as_ref().and_then(Open::answering);
                if let Some(line) = line {
                    self.act(&line);
                }
            }
            LessonChange::Insert(line) => {
                let number = self.inserted.as_ref().map_or(0, |(number, _)| number + 1);
                self.inserted = Some((number, line.into()));
                self.lower = Lower::Terminal;
                if self.sheet == Sheet::Peek {
                    self.sheet = Sheet::Half;
                }
            }
            LessonChange::Step(step) => {
                self.lessons.change(|open| open.go(step));
                self.show_step();
            }
            LessonChange::Hint => self.lessons.change(Open::hint),
            LessonChange::Choose(option) => self.lessons.change(|open| open.choose(option)),
        }
    }

    fn begin(&mut self, open: Open, lab: Laboratory) {
        self.lessons.open = Some(open);
        self.lower = Lower::Lesson;
        self.enter(lab);
        self.show_step();
    }

    /// Plays the lines that set the lesson's step up.
    fn set_up(&mut self) {
        let lines = self.lessons.open.as_ref().map(|open| open.step().run.clone());
        for line in lines.unwrap_or_default() {
            let done = self.lab.play(&line);
            // A command stands among the exchanges by itself.
            if done.is_err() || line.starts_with('!') {
                self.consoles.note(&line, self.lab.now(), done.err());
            }
        }
        self.move_clock(|_| {});
    }

    /// The panel that a step is about comes to the front.
    fn show_step(&mut self) {
        let panel = self.lessons.open.as_ref().and_then(|open| open.step().panel.clone());
        if let Some(panel) = panel {
            self.tab = panel.into();
        }
    }

    fn open(&mut self, script: Result<String, &'static str>) {
        self.route = Route::Shared;
        self.lessons.open = None;
        match script.map_err(str::to_owned).and_then(|script| Laboratory::from_script(&script)) {
            Ok(lab) => {
                self.banner = Some(Banner::Shared { actions: lab.actions(), hash: lab.history().trace_hash() });
                self.enter(lab);
            }
            Err(why) => {
                self.banner = Some(Banner::BadLink(why));
                self.enter(Laboratory::new(PRESETS[0].0, None));
            }
        }
    }

    /// Goes on with another world.
    fn enter(&mut self, lab: Laboratory) {
        self.lab = lab;
        self.compared = None;
        self.clock.playing = false;
        self.clock.until_answered = None;
        self.settle_speed();
        self.selected = 0;
        self.database = 0;
        self.consoles = Consoles::new(&self.lab);
        self.narrator.forget(&self.lab);
        self.heard = Heard::default();
        self.opened = None;
        self.touched();
    }

    /// Chooses a speed at which one can see messages travel, where the links are slow enough for that.
    pub fn settle_speed(&mut self) {
        let latency = self.lab.latency();
        let fitting = libm::log2(latency.micros() as f64 / 1e6 / WATCHABLE).floor() as i32;
        self.clock.exponent = if latency >= WATCHED { fitting.min(0) } else { 0 };
    }

    /// What was read of the world is old.
    fn touched(&mut self) {
        self.heard.listen(&self.lab);
        if let Some(open) = &mut self.lessons.open {
            open.listen(self.lab.history());
        }
        if let Some(compared) = &mut self.compared {
            compared.follow(&self.lab);
        }
        self.scene.take();
        self.selected = self.selected.min(self.scene().nodes.len().saturating_sub(1));
    }

    fn select(&mut self, node: usize) {
        self.opened = None;
        self.selected = node.min(self.scene().nodes.len().saturating_sub(1));
        self.database = 0;
    }

    fn type_key(&mut self, key: String) {
        if !key.is_empty() {
            self.slot_cursor = kvarium_engine::base::hash::slot(key.as_bytes());
        }
        self.typed_key = key;
    }

    fn transport(&mut self, what: Transport) {
        match what {
            Transport::Branch(branch) => self.move_clock(|lab| lab.switch(branch)),
            Transport::Toggle => {
                self.clock.playing = !self.clock.playing;
                self.clock.last_frame = None;
                self.clock.until_answered = None;
            }
            Transport::Slower => self.clock.exponent = (self.clock.exponent - 1).max(*SPEEDS.start()),
            Transport::Faster => self.clock.exponent = (self.clock.exponent + 1).min(*SPEEDS.end()),
            Transport::Step => self.move_clock(Laboratory::step),
            Transport::Back => self.move_clock(Laboratory::back),
            Transport::Start => self.move_clock(|lab| lab.seek(Duration::ZERO)),
            Transport::Seek(share) => {
                let to = Duration::from_micros((self.lab.history().end().micros() as f64 * share) as u64);
                self.move_clock(|lab| lab.seek(to));
            }
        }
    }

    /// Goes elsewhere in time, and stays there.
    fn move_clock(&mut self, moving: impl FnOnce(&mut Laboratory)) {
        self.clock.playing = false;
        self.clock.until_answered = None;
        moving(&mut self.lab);
        self.consoles.forget_protocols();
        self.narrator.listen(&self.lab, Words(self.language));
        self.touched();
    }

    fn act(&mut self, line: &str) {
        let words = self.words();
        let done = self.try_act(line);
        self.consoles.note(line, self.lab.now(), done.err().map(|why| words.script_error(why)));
    }

    /// Does what a line of the script language says.
    ///
    /// # Errors
    /// Why it can't be done.
    pub fn try_act(&mut self, line: &str) -> Result<(), String> {
        let done = self.lab.act(line);
        self.revision += 1;
        self.narrator.listen(&self.lab, Words(self.language));
        self.touched();
        done
    }

    /// Goes to a moment, also beyond what has been played.
    pub fn seek(&mut self, to: Duration) {
        self.revision += 1;
        self.move_clock(|lab| {
            lab.seek(to);
            lab.advance(to, &mut || true);
        });
    }

    fn type_line(&mut self, line: &str) {
        let words = self.words();
        if let Some(action) = self.consoles.type_line(line, &mut self.lab, words) {
            self.act(&action);
        }
        self.wait_for_answers();
        self.narrator.listen(&self.lab, words);
        self.touched();
    }

    /// A paused clock runs on until what is on its way to a terminal is there.
    fn wait_for_answers(&mut self) {
        if self.lab.is_waiting() && !self.clock.playing {
            self.clock.until_answered = Some(self.lab.now() + Duration::from_seconds(PATIENCE));
            self.clock.last_frame = None;
        }
    }

    fn leave(&mut self) {
        let left = self.consoles.leave(&mut self.lab);
        debug_assert_eq!(left, Ok(()), "the terminal is at a node that is there");
        self.wait_for_answers();
        self.narrator.listen(&self.lab, Words(self.language));
        self.touched();
    }

    // What runs.

    /// Is there anything to do in the next frame?
    pub fn is_running(&self) -> bool {
        self.is_moving() || self.compared.as_ref().is_some_and(Compared::is_behind)
    }

    /// Does the clock move?
    fn is_moving(&self) -> bool {
        self.clock.playing || self.clock.until_answered.is_some()
    }

    /// Is the other world, if there is one, where this one is? It is played for as long as there is time.
    fn catch_up(&mut self, is_time_left: &mut impl FnMut() -> bool) -> bool {
        self.compared.as_mut().is_none_or(|compared| compared.catch_up(is_time_left))
    }

    /// One frame: the world moves on as far as the speed asks and the work allows. `now` in milliseconds; `is_time_left`
    /// says whether the engine may go on.
    pub fn frame(&mut self, now: f64, mut is_time_left: impl FnMut() -> bool) {
        let passed = self.clock.last_frame.replace(now).map_or(0.0, |before| (now - before).clamp(0.0, 100.0)) / 1000.0;
        let here = self.lab.now();
        // Both share a frame's time, and none goes on without the other.
        let is_there = self.catch_up(&mut is_time_left);
        match self.clock.until_answered {
            _ if !self.is_moving() => {}
            _ if !is_there => self.clock.behind += 1,
            None => {
                let to = Duration::from_micros(here.micros() + (passed * self.speed() * 1e6).round() as u64);
                self.travel_for(WATCHABLE * self.speed());
                let kept_up = self.lab.advance(to, &mut is_time_left);
                self.clock.behind = if kept_up { 0 } else { self.clock.behind + 1 };
            }
            Some(limit) => self.run_until_answered(passed, limit, &mut is_time_left),
        }
        // A redirection that is followed is one more reply to wait for.
        self.consoles.listen(&mut self.lab);
        if self.clock.until_answered.is_some_and(|limit| !self.lab.is_waiting() || self.lab.now() >= limit) {
            self.clock.until_answered = None;
        }
        self.narrator.listen(&self.lab, Words(self.language));
        self.revision += 1;
        self.touched();
        self.catch_up(&mut is_time_left);
    }

    /// Does the world do too much for this computer to keep up with the clock?
    pub fn is_behind(&self) -> bool {
        self.clock.playing && self.clock.behind > BEHIND
    }

    /// At a pace at which one sees the request go and the reply come; or at once, where nothing travels.
    fn run_until_answered(&mut self, passed: f64, limit: Duration, is_time_left: &mut impl FnMut() -> bool) {
        // What a command moved is there when its reply is.
        self.travel_for(seconds(self.lab.latency()));
        if self.shows_travel() {
            let ahead = (passed * self.pace() * 1e6).round() as u64;
            let to = Duration::from_micros(self.lab.now().micros() + ahead).min(limit);
            self.lab.advance(to, is_time_left);
        } else {
            while self.lab.is_waiting() && self.lab.now() < limit && is_time_left() {
                self.lab.step();
            }
        }
    }

    /// Lets the narrator say what waits; is something left to be said?
    pub fn speak(&mut self, now: f64) -> bool {
        let before = self.narrator.said.len();
        let more = self.narrator.speak(now);
        self.revision += u64::from(self.narrator.said.len() != before);
        more
    }

    /// Runs a command at a node, on the chosen connection, until its reply is there.
    ///
    /// # Errors
    /// There is no such node, or no reply came.
    pub fn call(&mut self, node: Option<&str>, line: &str) -> Result<ReplyValue, String> {
        let tab = self.consoles.tab().id;
        let node = node.map_or_else(|| self.consoles.tab().node.clone(), str::to_owned);
        self.lab.command(tab, &node, line)?;
        let limit = self.lab.now() + Duration::from_seconds(PATIENCE);
        while self.lab.is_waiting() && self.lab.now() < limit {
            self.lab.step();
        }
        self.revision += 1;
        self.narrator.listen(&self.lab, Words(self.language));
        self.touched();
        let exchange = self.lab.exchanges(tab).rev().find(|it| !it.command.is_empty()).ok_or("nothing was said")?;
        match (&exchange.reply, exchange.failed) {
            (Some(reply), _) => Ok(reply.clone()),
            (None, why) => Err(why.unwrap_or("no reply within five seconds").to_owned()),
        }
    }

    /// Simulated seconds in one of the viewer's, just now.
    pub fn pace(&self) -> f64 {
        if self.clock.until_answered.is_some() { self.lab.pace(UNHURRIED) } else { self.speed() }
    }

    fn travel_for(&mut self, span: f64) {
        if self.clock.travel != span {
            self.clock.travel = span;
            self.clock.travel_since = seconds(self.lab.now());
        }
    }

    /// How much of its way, from one place in a figure to another, has passed for what left at a moment; none where it
    /// has arrived. `left` in seconds since the beginning.
    pub fn travelled(&self, left: f64) -> Option<f64> {
        let (now, since) = (seconds(self.lab.now()), self.clock.travel_since);
        let progress = (now - left) / self.clock.travel;
        let moves = self.moves() && (left >= since || now < since);
        (moves && (0.0..1.0).contains(&progress)).then_some(progress)
    }

    fn shows_travel(&self) -> bool {
        let panels = [crate::panels::topology::PANEL.id, crate::panels::streams::PANEL.id];
        self.moves() && panels.iter().any(|id| self.tab == *id) && !self.as_table && self.sheet != Sheet::Full
    }
}

impl Known for Store {
    fn nodes(&self) -> Vec<String> {
        self.lab.nodes()
    }

    fn keys(&self, node: Option<&str>, prefix: &[u8], limit: usize) -> Vec<Vec<u8>> {
        let name = node.unwrap_or(&self.consoles.tab().node);
        let node = self.lab.nodes().iter().position(|node| node.eq_ignore_ascii_case(name));
        let Some(node) = node.and_then(|node| self.lab.inspect(node)) else { return Vec::new() };
        let (mut keys, mut cursor, mut passed) = (Vec::new(), 0, 0);
        loop {
            cursor = node.keyspace().db(0).scan(cursor, |entry| {
                passed += 1;
                if entry.key().starts_with(prefix) {
                    keys.push(entry.key().to_vec());
                }
            });
            if cursor == 0 || keys.len() >= limit || passed >= COMPLETION_SCAN {
                sort::sort_by(&mut keys, Ord::cmp);
                return keys;
            }
        }
    }

    fn verbs(&self) -> &'static [(&'static str, &'static str)] {
        VERBS
    }
}
