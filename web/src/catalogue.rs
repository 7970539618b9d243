//! Every text of the page, in both languages side by side: a missing one, or one that forgets an argument, does not compile.
//!
//! Commands, replies and log lines are not here: they are Redis's, and stay as they are.

#![deny(unused_variables)]

use std::fmt::Display;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    En,
    Zh,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::En, Language::Zh];

    /// As the `lang` attribute names it.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Zh => "zh-CN",
        }
    }

    /// What it calls itself.
    pub const fn name(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::Zh => "中文",
        }
    }

    /// The language that a tag such as `zh-Hans-CN` asks for.
    pub fn from_tag(tag: &str) -> Option<Language> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "en" => Some(Language::En),
            "zh" => Some(Language::Zh),
            _ => None,
        }
    }
}

/// The texts in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(pub Language);

macro_rules! words {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        impl Words {
            $(pub const fn $name(self) -> &'static str {
                match self.0 {
                    Language::En => $en,
                    Language::Zh => $zh,
                }
            })*
        }
    };
}

macro_rules! sentences {
    ($($name:ident($($arg:ident),+): $en:literal, $zh:literal;)*) => {
        impl Words {
            $(pub fn $name(self, $($arg: impl Display),+) -> String {
                fn en($($arg: &dyn Display),+) -> String {
                    format!($en)
                }
                fn zh($($arg: &dyn Display),+) -> String {
                    format!($zh)
                }
                match self.0 {
                    Language::En => en($(&$arg),+),
                    Language::Zh => zh($(&$arg),+),
                }
            })*
        }
    };
}

/// What is counted: `{n}` is the number, grouped.
macro_rules! counts {
    ($($name:ident($n:ident): $one:literal, $many:literal, $zh:literal;)*) => {
        impl Words {
            $(pub fn $name(self, count: u64) -> String {
                let $n = grouped(count);
                match self.0 {
                    Language::En if count == 1 => format!($one),
                    Language::En => format!($many),
                    Language::Zh => format!($zh),
                }
            })*
        }
    };
}

words! {
    // the frame
    title: "Kvarium: a Redis cluster you can see into", "Kvarium：看得见内部的 Redis 集群";
    home: "Home", "首页";
    lab: "Lab", "实验室";
    single_node: "Single node", "单节点";
    three_masters: "Three masters", "三主集群";
    embed: "Embed", "嵌入";
    share: "Share", "分享";
    language: "Language", "语言";
    theme: "Colours", "配色";
    theme_auto: "as the system", "跟随系统";
    theme_light: "light", "浅色";
    theme_dark: "dark", "深色";
    keyboard: "Keyboard", "键盘";
    keyboard_title: "Keyboard shortcuts", "键盘快捷键";
    close: "Close", "关闭";
    skip: "Skip to the terminal", "跳到终端";
    scenario: "Set-up", "场景";
    panels: "Panels", "面板";
    lower_panes: "Terminal or events", "终端或事件";
    sheet: "Size of the lower pane", "下方面板的高度";
    reset: "Start over", "重新开始";

    // home
    home_title: "Look inside a running Redis cluster.", "看见运行中的 Redis 集群内部。";
    home_lead: "Three masters, 16384 slots and two clients, all in this page: one client has to be sent to the right node again and again, the other keeps a table of slots. What moves is the engine itself, not an animation of it.",
        "三个主节点、16384 个槽位、两个客户端，全部运行在这个页面里：一个客户端总要被指到正确的节点，另一个自己记着槽位表。画面里动的就是引擎本身，不是动画演示。";
    home_start: "Let it run", "让它跑起来";
    home_stop: "Hold it", "停一下";
    home_open: "Open in the lab", "在实验室中打开";
    home_paused: "Paused in mid-flight. Nothing moves until you say so.", "已暂停，请求正在途中。你不点，它不动。";
    door_single: "One node and a terminal. Type any command, watch keys appear, expire and go.", "一个节点加一个终端。输入命令，观察键的出现、过期与消失。";
    door_three: "Slots, redirections, cut links and killed nodes; go back and try again.", "槽位、重定向、断开的链路、被杀掉的节点；随时倒回去重来。";
    door_embed: "Put a live, runnable example into your own page with one tag.", "用一个标签，把可运行的实例放进你自己的页面。";
    door_embed_title: "Embed it", "嵌入到你的页面";

    // lessons
    lessons: "Lessons", "课程";
    lesson: "Lesson", "课程";
    lessons_lead: "Each one opens a world that stands still. You say what will happen, make it happen, and see whether you were right; the engine itself looks.",
        "每一课都打开一个静止的世界。先说会发生什么，再让它发生，看看自己说得对不对；由引擎本身来检查。";
    door_lessons: "Predict, try, see: the engine itself checks what you have done.", "先预测，再动手，再看结果：由引擎本身来检查。";
    loading: "On its way …", "正在加载……";
    not_loaded: "It could not be loaded.", "加载失败。";
    try_again: "Try again", "重试";
    lesson_done: "done", "已完成";
    steps: "Steps", "步骤";
    step_open: "open", "未完成";
    step_done: "done", "已完成";
    step_done_before: "done before", "之前完成过";
    goals: "Goals", "目标";
    why: "Why?", "为什么？";
    back: "Back", "上一步";
    next: "Next", "下一步";
    all_lessons: "All lessons", "全部课程";
    reset_lesson: "Reset lesson", "重做本课";
    insert: "put into the terminal", "放入终端";
    acknowledge: "Ack", "确认";
    claim: "Claim", "认领";
    set_up: "Set this step up", "准备这一步";
    lock_in: "Lock in", "锁定";
    answer: "Answer", "回答";
    goal_reached: "Done. On to the next step.", "完成。可以进入下一步。";
    lesson_complete: "All goals of this lesson have been reached.", "本课的目标全部达成。";
    keys_steps: "next or previous step", "下一步或上一步";
    keys_hint: "a hint", "提示";
    lack_prediction: "Lock in your prediction first.", "先锁定你的预测。";
    lack_answer: "The question is still open.", "问题还没有回答。";
    lack_other_answer: "The answer is another one.", "答案不是这个。";
    lack_order: "What comes second has to come once more.", "后一件事需要再发生一次。";
    or_else: " Or: ", "或者：";
    some_command: "No command yet", "目前没有命令";

    // time
    play: "Play", "播放";
    pause: "Pause", "暂停";
    to_start: "To the start", "回到开头";
    next_event: "Next event", "下一个事件";
    previous_event: "Previous event", "上一个事件";
    faster: "Faster", "加快";
    slower: "Slower", "减慢";
    speed: "Speed", "速度";
    timeline: "Timeline", "时间轴";
    branch: "Branch", "分支";
    seed: "seed", "种子";

    // stage
    stage: "Stage", "舞台";
    topology: "Topology", "拓扑";
    keyspace: "Keys", "键空间";
    slots: "Slots", "槽位";
    clients: "Clients", "客户端";
    node: "Node", "节点";
    inspector: "Inspector", "检视";
    as_table: "Table", "表格";
    as_figure: "Figure", "图形";
    hue_is_shard: "hue and hatch: shard", "色相与纹理：分片";
    master: "master", "主节点";
    client: "client", "客户端";
    terminal_client: "terminal", "终端";
    request: "request", "请求";
    reply: "reply", "回复";
    redirection: "MOVED", "MOVED 重定向";
    cut: "link cut", "链路断开";
    link: "Link", "链路";
    from: "From", "从";
    to: "To", "到";
    latency: "Latency", "延迟";
    on_the_way: "On the way", "途中的消息";
    nothing_on_the_way: "Nothing is on the way right now.", "现在没有消息在途中。";
    held: "held by the cut", "被断链扣住";
    arrives: "Arrives", "到达时刻";
    what: "What", "内容";
    up: "up", "运行中";
    down: "down", "已停止";
    paused: "paused", "已暂停";

    // node
    address: "Address", "地址";
    state: "State", "状态";
    slot_range: "Slots", "槽位";
    keys: "Keys", "键数";
    with_expiry: "with expiry", "设有过期时间";
    memory: "Memory", "内存";
    connected_clients: "Clients", "连接数";
    commands_run: "Commands run", "已执行命令";
    hits: "Hits / misses", "命中 / 未命中";
    expired: "Expired keys", "已过期的键";
    clock: "Wall clock", "墙上时钟";
    ahead: "Clock ahead", "时钟偏差";
    faults: "Faults", "故障";
    kill: "Kill", "杀掉";
    restart: "Restart", "重启";
    pause_process: "Freeze", "冻结进程";
    resume_process: "Thaw", "解冻";
    clock_forward: "Clock +5 s", "时钟 +5 秒";
    clock_backward: "10 s back", "拨回 10 秒";
    cut_link: "Cut link to", "断开链路：";
    heal_link: "Heal link to", "恢复链路：";
    heal_all: "Heal all", "全部恢复";
    choose_node: "Node", "节点";
    settings: "Configuration", "配置";
    none: "none", "无";

    // keyspace
    key: "Key", "键";
    type_: "Type", "类型";
    encoding: "Encoding", "编码";
    ttl: "TTL", "TTL";
    bytes: "Bytes", "字节";
    value: "Value", "值";
    filter_keys: "Pattern", "匹配模式";
    database: "Database", "数据库";
    no_keys: "No keys yet", "还没有键";
    no_keys_hint: "Try SET greeting hello in the terminal.", "在终端里试试 SET greeting hello。";
    no_match: "No key matches", "没有匹配的键";
    no_expiry: "no expiry", "永不过期";
    logically_expired: "expired", "已过期";
    more_keys: "Scan on", "继续扫描";
    open_value: "Open the value", "打开这个值";

    // values
    close_value: "Close the value", "关闭";
    gone: "This key is not there any more.", "这个键已经不在了。";
    bytes_with_entry: "with key, expiry and all that belongs to the entry", "包含键名、过期时间等整个条目";
    run_it: "Run this in the terminal", "在终端中执行";
    conversions: "Changes of encoding", "编码转换";
    until_conversion: "Beyond this limit the encoding changes", "超过此上限就会转换编码";
    cause_not_integer: "a member is no integer", "有成员不是整数";
    cause_field_expiry: "fields that expire take a table", "带过期时间的字段需要哈希表";
    cause_edited: "edited in place", "被原地修改";
    list: "List", "列表";
    hash: "Hash", "哈希";
    set: "Set", "集合";
    sorted_set: "Sorted set", "有序集合";
    index: "Index", "下标";
    from_tail: "From the tail", "自尾部";
    element: "Element", "元素";
    head: "head", "表头";
    tail: "tail", "表尾";
    nodes_of_list: "All nodes of the quicklist; the frame is what you see.", "quicklist 的全部节点；方框是当前可见部分。";
    go_to_index: "Go to index", "跳到下标";
    go_to_member: "Go to member or rank", "跳到成员或排名";
    go_to_byte: "Go to byte", "跳到字节";
    go_to_bit: "Go to bit", "跳到位";
    field: "Field", "字段";
    no_such_field: "There is no such field.", "没有这个字段。";
    member: "Member", "成员";
    is_member: "is a member", "是成员";
    is_no_member: "is not a member", "不是成员";
    score: "Score", "分数";
    rank: "Rank", "排名";
    order: "Order", "次序";
    lowest_first: "lowest first", "从低到高";
    highest_first: "highest first (REV)", "从高到低（REV）";
    map: "map", "地图";
    longitude: "Longitude", "经度";
    latitude: "Latitude", "纬度";
    compare_with: "Compare with", "与之比较";
    no_other_set: "With another set in this database, you see here what both have in common.", "数据库里再有一个集合，这里就能看到两者的交集、并集与差集。";
    operation: "Operation", "运算";
    result: "Result", "结果";
    shown_as: "Shown as", "显示方式";
    as_text: "text", "文本";
    as_hex: "bytes", "字节";
    as_bits: "bits", "位图";
    as_registers: "registers", "寄存器";
    registers: "Registers", "寄存器";
    registers_map: "16384 registers, 128 by 128. Arrow keys move the cursor.", "16384 个寄存器，128 × 128。方向键移动光标。";
    filters: "Filters", "过滤器";
    filter: "Filter", "过滤器";
    items: "Items", "元素数";
    capacity: "Capacity", "容量";
    hash_functions: "Hashes", "哈希数";
    error_rate: "Error rate", "误判率";
    bits_set: "Bits set", "置位";
    kept_as_int: "kept as a 64-bit integer", "以 64 位整数保存";
    empty_string: "An empty string.", "空字符串。";

    // streams
    streams: "Streams", "流";
    stream: "Stream", "流";
    to_streams: "Open in the streams panel", "在「流」面板中打开";
    no_streams: "No stream in this database yet", "这个数据库里还没有流";
    add_entry: "Add an entry", "添加一条";
    entries: "Entries", "条目";
    entry: "Entry", "条目";
    fields: "Fields", "字段";
    groups: "Groups", "消费组";
    group: "Group", "消费组";
    consumers: "Consumers", "消费者";
    consumer: "Consumer", "消费者";
    pending: "Pending", "待确认";
    lag: "Lag", "积压";
    lag_unknown: "unknown", "未知";
    last_delivered: "Last delivered", "最后投递";
    entries_read: "Entries read", "已读条数";
    entries_added: "Entries added", "累计添加";
    idle: "Idle", "闲置";
    deliveries: "Deliveries", "投递次数";
    taken_from: "Taken from", "取自";
    delivered_at: "Delivered at", "投递时间";
    seen: "Seen", "上次请求";
    active: "Given an entry", "上次收到条目";
    never: "never", "从未";
    deleted_entry: "deleted", "已删除";
    ghost: "Deleted from the stream, and pending until it is acknowledged.", "已从流中删除，但在确认之前仍处于待确认状态。";
    is_there: "present", "在流中";
    nothing_pending: "nothing pending", "没有待确认的条目";
    no_consumers: "no consumers yet", "还没有消费者";
    no_groups: "No group reads this stream yet.", "还没有消费组读取这个流。";
    go_to_id: "Go to ID", "跳到 ID";
    commands_on_it: "Commands: a click puts one into the terminal, and does not run it", "命令：点击放入终端，不会立即执行";
    history: "What happened to it", "经历";
    close_details: "Close the details", "关闭详情";

    // memory
    field_of_tiles: "Keys as tiles. Arrow keys move the cursor.", "以方块表示的键。方向键移动光标。";
    legend: "Legend", "图例";
    size_is_bytes: "size: bytes", "大小：字节数";
    pale_is_idle: "pale: little used", "浅色：少用";
    ring_is_ttl: "ring: time to live", "圆环：剩余时间";
    hollow_is_expired: "hollow: expired, still there", "空心：已过期但仍在";
    mark_kept: "expiry cycle looked, kept", "过期周期抽到，保留";
    mark_dropped: "expiry cycle dropped", "过期周期删除";
    mark_sampled: "sampled for eviction", "淘汰抽样";
    mark_pooled: "in the pool", "在候选池中";
    mark_victim: "evicted", "被淘汰";
    just_gone: "gone", "刚刚消失";
    tables_of_keys: "tables of keys", "键表";
    to_be_freed: "to be freed", "待释放";
    pubsub_and_waits: "subscriptions, watches", "订阅与监视";
    fixed_memory: "fixed", "固定开销";
    no_maxmemory: "no maxmemory", "未设 maxmemory";
    where_bytes_go: "Where the bytes go", "字节去向";
    last_use: "Use", "使用";
    who_goes: "Which key had to go", "哪个键被淘汰";
    nothing_evicted: "Nothing has been evicted. Set maxmemory and a policy, and write more than fits.", "还没有淘汰。设置 maxmemory 和策略，再写入超出上限的数据。";
    looked_at_now: "sampled now", "本次抽到";
    looked_at_before: "from an earlier sample", "来自之前的抽样";
    not_kept: "sampled, no room in the pool", "抽到，未能入池";
    by_chance: "by chance", "随机";
    the_latest: "Latest", "最近一次";
    why_gone: "Why did it disappear?", "它为什么消失了？";
    reason: "Reason", "原因";
    any_reason: "any but overwritten", "除覆盖外的全部";
    reason_evicted: "evicted", "被淘汰";
    reason_actively: "expired, found by the expiry cycle", "已过期，由过期周期删除";
    reason_lazily: "expired, found by a command", "已过期，被命令访问时删除";
    reason_deleted: "deleted", "被删除";
    reason_outdated: "given an expiry in the past", "过期时间被设在过去";
    reason_renamed: "renamed", "被重命名";
    reason_moved: "moved to another database", "被移到别的数据库";
    reason_flushed: "flushed", "数据库被清空";
    reason_overwritten: "overwritten", "被覆盖";
    same_traffic: "Same seed, same actions, two worlds.", "同一种子，同样的操作，两个世界。";
    nothing_read: "Nothing has been read yet: !load or !app does it.", "还没有读操作：可以用 !load 或 !app。";
    found: "hit ratio", "命中率";
    evicted_keys: "keys evicted", "淘汰的键";
    refused_writes: "writes refused (OOM)", "被拒绝的写入（OOM）";
    all_queries: "queries", "查询次数";
    nothing_gone: "No such key has gone.", "没有这样消失的键。";
    show_decision: "Show against which candidates", "查看候选键";

    // slots
    slot: "Slot", "槽位";
    owner: "Owner", "归属";
    layer: "Layer", "图层";
    unassigned: "unassigned", "未分配";
    key_to_slot: "Key", "键";
    hash_tag: "hash tag", "哈希标签";
    whole_key: "whole key", "整个键";
    crc16: "CRC16", "CRC16";
    range: "Range", "范围";
    slot_map: "Slot map, 128 by 128. Arrow keys move the cursor.", "槽位图，128 × 128。方向键移动光标。";
    no_slots: "A single node without cluster mode has no slots.", "未启用集群模式的单节点没有槽位。";

    // clients
    client_name: "Client", "客户端";
    kind: "Kind", "种类";
    at_node: "Node", "节点";
    requests: "Requests", "请求数";
    redirected: "Redirected", "被重定向";
    last_error: "Last error", "最近的错误";
    waiting_for: "Waiting for", "正等待";
    plain_client: "plain", "普通";
    smart_client: "slot-aware", "认识槽位";
    following_client: "follows MOVED", "跟随 MOVED";
    producer: "producer", "生产者";
    consumer_client: "consumer", "消费者";
    reaper: "reaper", "回收者";
    served_from_cache: "Served from the cache", "缓存命中";
    hit_ratio: "hit ratio, 10 s", "命中率（10 秒）";
    last_minute: "last minute", "最近一分钟";
    users: "users/s", "用户/秒";
    queries: "queries/s", "查询/秒";
    at_once: "same row at once", "同行并发查询";
    not_served: "not served", "未得到服务";
    databases: "Databases", "数据库";
    database_load: "load", "负载";
    queue: "queue", "排队";
    timeouts: "timeouts", "超时";
    overloads: "overloads", "过载次数";
    overloaded: "overloaded", "过载";
    application: "application", "应用";
    at_work: "At work on streams", "流上的工作";
    in_hands: "Holds", "手里的条目";
    entries_done: "Done", "完成";
    attempts_failed: "Failed", "失败";
    dead_letters: "Dead letters", "死信";
    crash: "Crash", "崩溃";
    work_running: "running", "运行中";
    work_stopping: "finishing", "收尾中";
    work_stopped: "stopped", "已停止";
    work_crashed: "crashed", "已崩溃";
    pending_entries: "pending entries", "待确认条目数";
    most_deliveries: "deliveries", "投递次数";
    waiting_room: "Waiting", "等待中";
    listening: "Listening", "监听中";
    nobody_waits: "Nobody waits or listens. Try BLPOP jobs 0 in one connection and RPUSH jobs 1 in another, or SUBSCRIBE news.", "没有客户端在等待或监听。试试在一个连接里执行 BLPOP jobs 0，在另一个连接里执行 RPUSH jobs 1；或者 SUBSCRIBE news。";
    woken: "Woken", "已唤醒";
    for_ever: "for ever", "一直等";
    held_by_pause: "CLIENT PAUSE", "CLIENT PAUSE";
    channel: "channel", "频道";
    pattern: "pattern", "模式";
    shard_channel: "shard channel", "分片频道";
    every_command: "every command", "所有命令";
    no_clients: "No clients in this world yet.", "这个世界里还没有客户端。";

    // terminal
    terminal: "Terminal", "终端";
    new_tab: "New connection", "新建连接";
    close_tab: "Close connection", "关闭连接";
    command_input: "Command", "命令";
    run: "Run", "执行";
    cancel: "Cancel", "取消";
    waiting: "waiting for the reply …", "等待回复……";
    no_reply: "no reply: the connection is gone", "没有回复：连接已断开";
    searching: "search", "搜索历史";
    follow: "Follow MOVED (-c)", "跟随 MOVED（-c）";
    resp3: "RESP3 (-3)", "RESP3(-3)";
    readable: "Readable text", "可读文本";
    quotes: "Invalid argument(s)", "Invalid argument(s)";
    no_such_node: "There is no such node here.", "这里没有这个节点。";
    welcome: "Type a command; Tab completes it, ↑ brings back earlier ones, @NODE changes the node, !kill NODE and its like act on the world.",
        "输入命令：Tab 补全，↑ 取回历史，@节点 切换节点，!kill 节点 等命令作用于整个世界。";
    raw: "Bytes on the wire", "线上字节";
    monitoring: "MONITOR: every command this node runs appears here.", "MONITOR：该节点执行的每条命令都会出现在这里。";
    leave: "Leave", "退出";
    options: "Options", "选项";
    earlier: "Earlier", "上一条";
    later: "Later", "下一条";
    complete: "Complete", "补全";

    // events
    events: "Events", "事件";
    important: "important", "重要";
    all: "all", "全部";
    filter_events: "Filter", "筛选";
    no_events: "Nothing has happened yet. Press play, or type a command.", "还没有事件。点播放，或输入一条命令。";

    // sharing
    share_title: "Share this experiment", "分享这个实验";
    share_lead: "The link holds the set-up, the seed and all you did; whoever opens it sees the same, to the last message. Nothing is sent to a server.",
        "链接里包含场景、种子和你的全部操作；打开它的人会看到完全一样的过程，连每条消息都相同。不会向任何服务器发送数据。";
    copy: "Copy", "复制";
    copied: "Copied", "已复制";
    script: "As a script", "脚本形式";
    share_long: "This link is long and may not survive a chat program; keep the script instead.", "链接较长，聊天软件可能会截断；请改为保存脚本。";

    // embed
    click_to_run: "Run", "运行";
    same: "same", "相同";
    different: "different", "不同";

    // what the keyboard map calls things
    keys_cycle: "next pane", "切换面板";
    keys_tabs: "stage tabs", "舞台标签页";
    keys_table: "table or figure", "表格或图形";
    keys_command: "to the terminal", "转到终端";
    keys_faults: "faults of the selected node", "所选节点的故障操作";
    keys_select: "move between nodes", "在节点之间移动";
    keys_help: "this list", "本列表";
}

sentences! {
    hint(number, all): "Hint {number} of {all}", "提示 {number} / {all}";
    minutes(count): "about {count} min", "约 {count} 分钟";
    steps_done(done, all): "{done} of {all} steps done", "已完成 {done} / {all} 步";
    step_named(number, title, state): "Step {number}: {title} ({state})", "第 {number} 步：{title}（{state}）";
    you_said(answer): "You said: {answer}.", "你说的是：{answer}。";
    it_was(answer): "It was: {answer}.", "实际是：{answer}。";
    lack_ran(command): "{command} has not been run yet.", "还没有执行 {command}。";
    lack_times(command, seen, wanted): "{command} has been run {seen} times; wanted: {wanted}.", "{command} 执行了 {seen} 次，应为{wanted}。";
    lack_reply(command, reply): "{command} has not answered {reply} yet.", "{command} 还没有返回{reply}。";
    lack_reply_but(command, reply, last): "{command} answered {last}; still missing: {reply}.", "{command} 返回的是 {last}，还缺{reply}。";
    lack_again(command): "Run {command} once more: it came too early.", "再执行一次 {command}：刚才太早了。";
    lack_event(event, seen, wanted): "Not yet: {event} has happened {seen} times; wanted: {wanted}.", "还没有：{event} 发生了 {seen} 次，应为{wanted}。";
    lack_state(what, now, wanted): "{what} is {now}; wanted: {wanted}.", "{what}现在是 {now}，应为{wanted}。";
    lack_in_time(span): "It took longer than {span}. Go back and try again.", "超过了 {span}。倒回去再试一次。";
    lack_unbroken(at): "At {at} something happened that must not: go back before that.", "在 {at} 发生了不该发生的事：请倒回到那之前。";
    lack_end(what): "This must be so no longer: {what}.", "这个条件不应再成立：{what}。";
    question_of(what, of): "{what} of {of}", "{of} 的{what}";
    so_many_elements(count): "{count} elements", "{count} 个元素";
    anything_but(value): "anything but {value}", "除 {value} 以外的值";
    less_than(value): "less than {value}", "小于 {value}";
    at_most(value): "at most {value}", "至多 {value}";
    more_than(value): "more than {value}", "大于 {value}";
    at_least(value): "at least {value}", "至少 {value}";
    something_with(text): "something with {text}", "含有 {text} 的内容";
    node_name(name, slots, keys, state): "{name} {slots} {keys}, master, {state}", "{name} {slots} {keys}，主节点，{state}";
    single_name(name, port, keys, state): "{name} {port} {keys}, {state}", "{name} {port} {keys}，{state}";
    stopped_name(name, state, slots): "{name} {state}, master, slots {slots}", "{name} {state}，主节点，槽位 {slots}";
    bad_script(why): "This link can't be played: {why}", "无法播放此链接：{why}";
    shared(actions): "You are looking at a shared experiment: {actions}, replayed to the last message.", "你正在看一个分享的实验：共 {actions}，已逐条消息重放。";
    hash_of_trace(hash): "trace {hash}", "轨迹 {hash}";
    slot_said(slot, owner, keys): "Slot {slot}: {owner}, {keys}", "槽位 {slot}：{owner}，{keys}";
    percent_of_slots(share): "{share} % of the slots", "占槽位的 {share}%";
    no_such_command(name): "There is no command {name}.", "没有 {name} 这个命令。";
    refused_by(gate): "refused by the gate “{gate}”", "被「{gate}」这道关卡拒绝";
    subscribed(channels): "Subscribed to {channels}: messages appear as they come.", "已订阅 {channels}：消息到达即显示。";
    run_lines(count): "Run {count} pasted lines?", "执行粘贴的 {count} 行？";
    redirected_to(slot, address): "-> Redirected to slot [{slot}] located at {address}", "-> Redirected to slot [{slot}] located at {address}";
    at_time(time): "at {time}", "时刻 {time}";
    issues(command): "= {command}", "= {command}";
    resize(what): "Resize {what}", "调整{what}大小";
    connection(number): "connection {number}", "连接 {number}";
    scanned(shown, total): "{shown} of {total} shown", "显示 {shown} / {total}";
    narrate_killed(node): "{node} was killed.", "{node} 被杀掉了。";
    narrate_crashed(client, held): "{client} crashed and lost what it held: {held}.", "{client} 崩溃了，手里的东西丢了：{held}。";
    narrate_dead_letter(client, id): "{client} moved {id} to the dead letters.", "{client} 把 {id} 移进了死信。";
    narrate_restarted(node): "{node} started again.", "{node} 重新启动了。";
    per_second(count): "{count}/s", "{count}/秒";
    narrate_overload(database): "Database {database} is overloaded.", "数据库 {database} 过载。";
    narrate_recovered(database): "Database {database} has caught up.", "数据库 {database} 恢复正常。";
    narrate_paused(node): "{node} is frozen.", "{node} 被冻结。";
    narrate_resumed(node): "{node} goes on.", "{node} 继续运行。";
    narrate_cut(from, to): "The link from {from} to {to} is cut.", "{from} 到 {to} 的链路断了。";
    narrate_healed(from, to): "The link from {from} to {to} works again.", "{from} 到 {to} 的链路恢复了。";
    narrate_moved(node, slot, to): "{node} sent a client to {to} for slot {slot}.", "{node} 让客户端去 {to} 找槽位 {slot}。";
    narrate_flushed(node, keys): "{node} was flushed: {keys}.", "{node} 被清空：{keys}。";
    narrate_converted(key, encoding, cause): "{key} became a {encoding}: {cause}.", "{key} 转换为 {encoding}：{cause}。";
    value_of(key): "Value of {key}", "{key} 的值";
    takes(bytes): "takes {bytes}", "占 {bytes}";
    expires_in(span): "expires in {span}", "{span}后过期";
    node_of_list(number, elements, bytes): "node {number} · {elements} · {bytes}", "节点 {number} · {elements} · {bytes}";
    fields_expire(count): "{count} expire by themselves", "{count} 个字段会自行过期";
    register_said(register, value): "Register {register}: {value}", "寄存器 {register}：{value}";
    estimate(count): "about {count} different elements", "约 {count} 个不同元素";
    places_on_the_map(count): "{count} places on a grid of longitudes and latitudes", "经纬网格上的 {count} 个地点";
    ones(ones, all): "{ones} of {all} bits are set", "{all} 位中有 {ones} 位为 1";
    all_bits(all): "{all} bits", "{all} 位";
    bits_of_filter(number): "Bits of filter {number}", "过滤器 {number} 的位";
    bloom_scales(error, times, tightening): "False positives: {error} at most. A full filter is followed by one with {times} × its capacity and {tightening} of its error rate.",
        "误判率最多 {error}。过滤器满后，会追加一个容量为其 {times} 倍、误判率为其 {tightening} 的过滤器。";
    bloom_is_fixed(error): "False positives: {error} at most. It does not scale: what is full takes no more items.", "误判率最多 {error}。不可扩容：满后不再接受新元素。";
    reckoned(count): "Reckoned from the first {count} members of each set.", "根据每个集合的前 {count} 个成员估算。";
    and_more(count): "and {count} more", "还有 {count} 个";
    wants(kind): "waits for a {kind}", "等待 {kind}";
    gives_up_in(span): "gives up in {span}", "{span}后放弃";
    client_number(id): "client {id}", "客户端 {id}";
    woken_by(key): "woken by {key}", "被 {key} 唤醒";
    waits_no_longer(client): "{client} waits no longer", "{client} 不再等待";
    packed_node(live, deleted, bytes): "{live} live · {deleted} deleted · {bytes}", "存活 {live} · 已删 {deleted} · {bytes}";
    details_of(what): "Details of {what}", "{what} 的详情";
    pending_said(consumer, group): "pending for {consumer} in group {group}", "在组 {group} 中待 {consumer} 确认";
    taken_said(from): "taken from {from}", "取自 {from}";
    seen_ago(span): "seen {span} ago", "{span}前请求";
    consumers_of(group): "Groups and consumers of {group}", "{group} 的消费组与消费者";
    lane_of(key): "Entries of {key} by ID", "{key} 的条目，按 ID 排列";
    used_about(counter): "used ~{counter}", "使用 ~{counter}";
    idle_for(span): "idle {span}", "闲置 {span}";
    mostly(kind): "mostly {kind}", "多为 {kind}";
    with_an_expiry(count): "{count} with an expiry", "{count} 个设有过期时间";
    past_their_time(count): "{count} expired and still there", "{count} 个已过期但仍在";
    of_maxmemory(size): "of maxmemory {size}", "/ maxmemory {size}";
    peak(size): "peak {size}", "峰值 {size}";
    evicted_and_expired(evicted, expired): "{evicted} evicted · {expired} expired", "淘汰 {evicted} · 过期 {expired}";
    over_limit(used, limit): "{used} in use, {limit} allowed.", "已用 {used}，上限 {limit}。";
    chosen_of(policy, score, pool): "{policy}: {score}, the best of {pool} candidates", "{policy}：{score}，{pool} 个候选中最优";
    next_best(key, score): "; next was {key}, {score}", "；其次是 {key}，{score}";
    second_is_played(percent): "The second world is being played: {percent} %", "第二个世界正在重演：{percent}%";
    no_difference(share): "No difference so far: in both, {share} of the reads find their key.", "目前没有差别：两边的命中率都是 {share}。";
    finds_more(better, share, worse, less): "With {better}, {share} of the reads find their key; with {worse}, {less}.", "{better} 的命中率是 {share}，{worse} 是 {less}。";
    asks_its_database(first, second): " Its database gets {first} queries instead of {second}.", "数据库收到 {first} 次查询，而不是 {second} 次。";
    chosen_by_chance(policy): "{policy}: chosen by chance", "{policy}：随机选中";
    pool_of(pool, room, sampled): "Pool: {pool} of {room}, best first; {sampled} sampled", "候选池：{pool} / {room}，最优在前；本次抽样 {sampled} 个";
    narrate_expired(node, key): "{key} expired on {node}.", "{node} 上的 {key} 过期了。";
    script_error(why): "The world did not understand that: {why}", "无法理解这条指令：{why}";
    engine_version(version): "engine {version}", "引擎 {version}";
}

counts! {
    count_keys(n): "{n} key", "{n} keys", "{n} 个键";
    count_slots(n): "{n} slot", "{n} slots", "{n} 个槽位";
    count_actions(n): "{n} action", "{n} actions", "{n} 个操作";
    count_events(n): "{n} event", "{n} events", "{n} 个事件";
    count_bytes(n): "{n} byte", "{n} bytes", "{n} 字节";
    count_elements(n): "{n} element", "{n} elements", "{n} 个元素";
    count_fields(n): "{n} field", "{n} fields", "{n} 个字段";
    count_members(n): "{n} member", "{n} members", "{n} 个成员";
    count_pending(n): "{n} pending", "{n} pending", "{n} 条待确认";
    count_items(n): "{n} item", "{n} items", "{n} 个元素";
    count_entries(n): "{n} entry", "{n} entries", "{n} 个条目";
    count_nodes(n): "{n} node", "{n} nodes", "{n} 个节点";
    count_channels(n): "{n} channel", "{n} channels", "{n} 个频道";
    count_clients(n): "{n} client", "{n} clients", "{n} 个客户端";
}

/// A whole number in groups of three, as both languages write it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Words {
    /// A number of bytes, three digits long.
    pub fn size(self, bytes: u64) -> String {
        let units = ["B", "KB", "MB", "GB", "TB"];
        let mut value = bytes as f64;
        let mut unit = 0;
        while value >= 1000.0 && unit + 1 < units.len() {
            value /= 1024.0;
            unit += 1;
        }
        match unit {
            0 => format!("{bytes} B"),
            _ if value < 10.0 => format!("{value:.2} {}", units[unit]),
            _ if value < 100.0 => format!("{value:.1} {}", units[unit]),
            _ => format!("{value:.0} {}", units[unit]),
        }
    }

    /// A span in the unit that fits it.
    pub fn span(self, micros: u64) -> String {
        let seconds = micros as f64 / 1e6;
        let (second, minute, hour, day) = match self.0 {
            Language::En => (" s", " min", " h", " d"),
            Language::Zh => (" 秒", " 分", " 小时", " 天"),
        };
        match micros {
            0..1_000 => format!("{micros} µs"),
            1_000..1_000_000 => format!("{} ms", trimmed(micros as f64 / 1e3)),
            1_000_000..120_000_000 => format!("{}{second}", trimmed(seconds)),
            120_000_000..7_200_000_000 => format!("{}{minute}", trimmed(seconds / 60.0)),
            7_200_000_000..172_800_000_000 => format!("{}{hour}", trimmed(seconds / 3600.0)),
            _ => format!("{}{day}", trimmed(seconds / 86400.0)),
        }
    }
}

/// One decimal below a hundred, none from there on, and never a zero behind the point.
fn trimmed(value: f64) -> String {
    if value >= 100.0 {
        return format!("{value:.0}");
    }
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_their_number() {
        let (en, zh) = (Words(Language::En), Words(Language::Zh));
        assert_eq!(en.count_keys(1), "1 key");
        assert_eq!(en.count_keys(1_234_567), "1,234,567 keys");
        assert_eq!(zh.count_keys(2), "2 个键");
    }

    #[test]
    fn spans_and_sizes_choose_their_unit() {
        let en = Words(Language::En);
        assert_eq!(en.span(250), "250 µs");
        assert_eq!(en.span(1_500), "1.5 ms");
        assert_eq!(en.span(59_000_000), "59 s");
        assert_eq!(en.span(600_000_000), "10 min");
        assert_eq!(en.size(999), "999 B");
        assert_eq!(en.size(1_300_000), "1.24 MB");
    }

    #[test]
    fn tags_choose_a_language() {
        assert_eq!(Language::from_tag("zh-Hans-CN"), Some(Language::Zh));
        assert_eq!(Language::from_tag("en"), Some(Language::En));
        assert_eq!(Language::from_tag("de-AT"), None);
    }
}
