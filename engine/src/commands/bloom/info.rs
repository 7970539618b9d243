//! BF.INFO: what a filter was made with, and how full it is.

use super::{NOT_FOUND, read};
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Argument, Command, Outcome};
use crate::commands::words::is;
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};
use crate::types::Bloom;

pub static INFO: Command = Command {
    summary: "What a Bloom filter was made with, how full it is, and what it takes.",
    arity: -2,
    arguments: &[
        Argument::key("key"),
        Argument::one_of(
            "sortby",
            &[
                Argument::word("capacity", "CAPACITY"),
                Argument::word("size", "SIZE"),
                Argument::word("filters", "FILTERS"),
                Argument::word("items", "ITEMS"),
                Argument::word("error", "ERROR"),
                Argument::word("expansion", "EXPANSION"),
                Argument::word("tightening", "TIGHTENING"),
                Argument::word("maxscaledcapacity", "MAXSCALEDCAPACITY"),
            ],
        )
        .optional(),
    ],
    run: info,
    ..read("bf.info", "O(N) in its filters")
};

const UNKNOWN: Error = Error::fixed("ERR invalid information value");

/// One of the things that are told.
struct Field {
    word: &'static str,
    name: &'static str,
    /// Only of a filter that scales.
    scaling: bool,
    reply: fn(&mut dyn Reply, &Bloom, u64),
}

const FIELDS: &[Field] = &[
    Field {
        word: "CAPACITY",
        name: "Capacity",
        scaling: false,
        reply: |to, bloom, _| to.integer(bloom.capacity() as i64),
    },
    Field {
        word: "SIZE",
        name: "Size",
        scaling: false,
        reply: |to, bloom, _| to.integer((Bloom::SIZE + bloom.memory()) as i64),
    },
    Field {
        word: "FILTERS",
        name: "Number of filters",
        scaling: false,
        reply: |to, bloom, _| to.integer(bloom.filters() as i64),
    },
    Field {
        word: "ITEMS",
        name: "Number of items inserted",
        scaling: false,
        reply: |to, bloom, _| to.integer(bloom.items() as i64),
    },
    Field {
        word: "ERROR",
        name: "Error rate",
        scaling: false,
        reply: |to, bloom, _| to.double(bloom.properties().error),
    },
    Field {
        word: "EXPANSION",
        name: "Expansion rate",
        scaling: false,
        reply: |to, bloom, _| match bloom.properties().expansion {
            0 => to.null(),
            rate => to.integer(i64::from(rate)),
        },
    },
    Field {
        word: "TIGHTENING",
        name: "Tightening ratio",
        scaling: true,
        reply: |to, bloom, _| to.double(bloom.properties().tightening),
    },
    Field {
        word: "MAXSCALEDCAPACITY",
        name: "Max scaled capacity",
        scaling: true,
        reply: |to, bloom, limit| {
            let (Ok(most) | Err((most, _))) = bloom.properties().scaled_capacity(i64::MAX as u64, limit);
            to.integer(most as i64);
        },
    },
];

fn info(call: &mut Call<'_>) -> Outcome {
    if call.args.len() > 3 {
        return Err(error::wrong_arity(call.command.full_name));
    }
    let (key, word) = (call.key(1), call.args.get(2));
    let limit = call.state.config.bloom_memory_usage_limit.0;
    let bloom = expect::<Bloom>(call.state.read(&key))?.ok_or(NOT_FOUND)?;
    let told = |field: &&Field| !field.scaling || bloom.properties().expansion > 0;
    if let Some(word) = word {
        let field = FIELDS.iter().filter(told).find(|field| is(word, field.word)).ok_or(UNKNOWN)?;
        (field.reply)(call.reply, bloom, limit);
        return Ok(());
    }
    call.reply.array(2 * FIELDS.iter().filter(told).count());
    for field in FIELDS.iter().filter(told) {
        call.reply.simple(field.name);
        (field.reply)(call.reply, bloom, limit);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn a_filter_that_scales_has_two_fields_more() {
        let mut server = Server::new();
        server.run("BF.RESERVE b 0.01 10 EXPANSION 3");
        server.run("BF.RESERVE n 0.25 10 NONSCALING");
        for index in 0..30 {
            server.run(&std::format!("BF.ADD b {index}"));
        }
        for (line, reply) in [
            ("BF.INFO b CAPACITY", "(integer) 40"),
            ("BF.INFO b filters", "(integer) 2"),
            ("BF.INFO b ITEMS", "(integer) 30"),
            ("BF.INFO b ERROR", "\"0.01\""),
            ("BF.INFO b EXPANSION", "(integer) 3"),
            ("BF.INFO b TIGHTENING", "\"0.5\""),
            ("BF.INFO n EXPANSION", "(nil)"),
            ("BF.INFO n TIGHTENING", "(error) ERR invalid information value"),
            ("BF.INFO n WEIGHT", "(error) ERR invalid information value"),
            ("BF.INFO none", "(error) ERR not found"),
            ("BF.INFO n ITEMS ITEMS", "(error) ERR wrong number of arguments for 'bf.info' command"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let all = server.run("BF.INFO n");
        assert!(all.starts_with(" 1) Capacity\n 2) (integer) 10\n 3) Size\n"), "{all}");
        assert!(all.ends_with("\n11) Expansion rate\n12) (nil)"), "{all}");
        assert!(server.run("BF.INFO b").contains("\n15) Max scaled capacity\n16) (integer) "));
    }
}
