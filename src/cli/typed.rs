//! Door: the command line word for word, as clap reads it, and what each word means.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::cli::moment::When;
use crate::cli::terminal::ColorMode;
use crate::cli::words::{count, language, length, ordinal, place, place_of_digest, setting, when, words, zone};
use crate::cli::{
    Asking, Command, CorrectionsCommand, Covers, DigestArgs, DigestFormat, DismissArgs, EvalArgs, Exit, FeedsAddArgs,
    FeedsCommand, FeedsListArgs, FetchArgs, Filter, Global, InitArgs, Invocation, ListArgs, ListFormat, LogFormat, New,
    Place, PruneArgs, READ_DOCUMENT, RENDER_TEMPLATE, SearchArgs, ShowArgs, Sort, Stop, View, WhyArgs,
};

/// Columns beyond which help is not wrapped: longer lines are hard to read.
const HELP_COLUMNS_MAX: usize = 100;

/// Folds all coverage of one story into one cluster: polls feeds, cleans their
/// entries, clusters articles across outlets as they arrive, and says why.
#[derive(Parser)]
#[command(name = "newsfold", bin_name = "newsfold", version, max_term_width = HELP_COLUMNS_MAX, verbatim_doc_comment)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = EPILOGUE)]
struct Typed {
    #[command(flatten)]
    global: TypedGlobal,
    #[command(subcommand)]
    command: TypedCommand,
}

/// What `--help` says at its end, for 80 columns; the colour codes are those of clap's own headings.
const EPILOGUE: &str = "\
\x1b[1;4mExamples:\x1b[0m
  newsfold demo                      The whole job on sample feeds, no network
  newsfold init && newsfold fetch    Write a starter config, poll its feeds once
  newsfold clusters --min-outlets 3  What three outlets or more report
  newsfold why a4k2m9x7qpa           Why that article is in its cluster
  newsfold digest --since 24h --format markdown --out today.md
  newsfold run                       Poll and cluster until told to stop

\x1b[1;4mExit codes:\x1b[0m
  0  done
  1  could not do it (fetch: every feed failed; doctor, feeds check: a fault)
  2  wrong usage or wrong config
  3  done in part: some feeds failed

\x1b[1;4mConfig:\x1b[0m
  Read from --config, else $NEWSFOLD_CONFIG, else ./config.toml, else
  newsfold/config.toml in $XDG_CONFIG_HOME; without one, defaults hold.
  NEWSFOLD_DATABASE and NEWSFOLD_<SECTION>_<KEY> (as NEWSFOLD_FETCH_TIMEOUT=30s)
  go before the file, options before both. NO_COLOR is obeyed.

Data goes to stdout, everything else to stderr.";

#[derive(Args)]
#[command(next_help_heading = "Global options")]
struct TypedGlobal {
    /// Config file [default: ./config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database file, whatever the config says
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Zone of times shown and typed [default: system's]
    #[arg(long, global = true, value_name = "ZONE", value_parser = zone)]
    tz: Option<TimeZone>,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Log on stderr as text, json or journald [default: text]
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    log_format: LogFormat,
    /// Colour auto, always or never [default: auto]
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    color: ColorMode,
}

#[derive(Subcommand)]
enum TypedCommand {
    /// Poll feeds when due, cluster as articles arrive (the service)
    Run,
    /// Poll the due feeds once, then exit
    #[command(after_help = FETCH_NOTE)]
    Fetch(TypedFetch),
    /// Show how the daemon, the feeds and the database are doing
    Status(TypedView),
    /// List clusters, best first
    Clusters(TypedClusters),
    /// Show one cluster: its articles in time order, its outlets
    Show(TypedShow),
    /// Explain why an article is in its cluster
    Why(TypedWhy),
    /// Search the text of all articles, grouped by cluster
    Search(TypedSearch),
    /// Say that clusters are one story
    #[command(after_help = CORRECTION_NOTE)]
    Merge {
        /// Clusters, or articles of them, by id or a unique beginning of it
        #[arg(value_name = "ID", num_args = 2.., required = true, value_parser = words)]
        ids: Vec<String>,
        #[command(flatten)]
        view: TypedView,
    },
    /// Say that articles are a story of their own: they leave their cluster together
    #[command(after_help = CORRECTION_NOTE)]
    Split {
        /// Articles of one cluster, by id or a unique beginning of it
        #[arg(value_name = "ARTICLE", required = true, value_parser = words)]
        articles: Vec<String>,
        #[command(flatten)]
        view: TypedView,
    },
    /// Say that two are never one story
    #[command(after_help = CORRECTION_NOTE)]
    Apart {
        /// An article or a cluster, by id or a unique beginning of it
        #[arg(value_name = "ONE", value_parser = words)]
        one: String,
        /// Another one; where they are together, this one leaves
        #[arg(value_name = "OTHER", value_parser = words)]
        other: String,
        #[command(flatten)]
        view: TypedView,
    },
    /// Take a correction back
    Undo {
        /// Its number, as `corrections` lists it [default: the last that stands]
        #[arg(value_name = "NUMBER", value_parser = ordinal)]
        number: Option<i64>,
        #[command(flatten)]
        view: TypedView,
    },
    /// List corrections, export them and import those of another database
    #[command(args_conflicts_with_subcommands = true)]
    Corrections {
        #[command(subcommand)]
        command: Option<TypedCorrections>,
        /// Output: table, json, jsonl, csv or markdown [default: a table on a terminal, plain lines without one]
        #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
        format: Option<ListFormat>,
    },
    /// Hide clusters from lists and digests until there is news
    #[command(after_help = DISMISS_NOTE)]
    Dismiss(TypedDismiss),
    /// Export a digest: the best stories, written for a reader
    #[command(after_help = DIGEST_NOTE)]
    Digest(TypedDigest),
    /// List the editions of digests that are kept
    Editions {
        /// Of the digest of this name alone
        #[arg(long, value_parser = words)]
        name: Option<String>,
        /// Output: table, json, jsonl, csv or markdown [default: a table on a terminal, plain lines without one]
        #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
        format: Option<ListFormat>,
    },
    /// List, add, remove, check, discover, import and export feeds
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Feeds {
        #[command(subcommand)]
        command: TypedFeeds,
    },
    /// Cluster an archive in a throw-away database and score it
    Eval(TypedEval),
    /// Drop all clusters and make them anew from the stored articles
    #[command(after_help = REBUILD_NOTE)]
    Rebuild {
        /// Place anew what a prune settled as well
        #[arg(long)]
        all: bool,
    },
    /// Check config, database, feeds, mail and disk; exit 1 when something needs a person
    Doctor(TypedView),
    /// Write a checked copy of the database, whatever is writing to it meanwhile
    Backup {
        /// The copy
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Put a backup in the place of the database, which is kept beside it
    Restore {
        /// What `backup` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Give up what is older than the config keeps, and the room it takes
    #[command(after_help = PRUNE_NOTE)]
    Prune {
        /// Only say what would go
        #[arg(long)]
        dry_run: bool,
        /// Write the whole file anew, so that all free room goes back to the disk
        #[arg(long, conflicts_with = "dry_run")]
        vacuum: bool,
        /// Prune also when the clock leapt lately and may be wrong
        #[arg(long)]
        force: bool,
    },
    /// Write a commented starter config with real feeds
    Init(TypedInit),
    /// Do the whole job on built-in sample feeds; needs no network
    Demo(TypedView),
    /// Print shell completions
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

const REBUILD_NOTE: &str = "\
Where articles were pruned, what had been placed by then stays as it is: its
neighbours are gone. --all places it anew among those that are left.";

const PRUNE_NOTE: &str = "\
`newsfold run` prunes by itself. A cluster goes whole, when its last article is
older than [retention] keeps it, or stays whole; what a correction names stays.
What went never comes back as new, even if its feed still holds it.";

const FETCH_NOTE: &str = "\
A feed that was never fetched is due. --all and named feeds set due times and
backoff aside, but never a server's wish to wait (Retry-After) or that a feed
is gone (410).";

#[derive(Args)]
struct TypedFetch {
    /// Feeds to poll now, by URL or path [default: those that are due]
    #[arg(value_name = "URL")]
    feeds: Vec<String>,
    /// Poll every feed, due or not
    #[arg(long, conflicts_with = "feeds")]
    all: bool,
    /// Only say what would be polled, and why
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
struct TypedView {
    /// Output: text or json
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, hide_possible_values = true)]
    format: View,
}

#[derive(Args)]
#[command(next_help_heading = "Filters")]
struct TypedFilter {
    /// Newest article published at WHEN or later: 24h, 7d, 2026-02-12 or RFC 3339
    #[arg(long, value_name = "WHEN", value_parser = when)]
    since: Option<When>,
    /// Newest article published before WHEN; a date is its first moment
    #[arg(long, value_name = "WHEN", value_parser = when)]
    until: Option<When>,
    /// Reported by at least N outlets
    #[arg(long, value_name = "N", default_value = "1", value_parser = count, hide_default_value = true)]
    min_outlets: usize,
    /// At least N articles
    #[arg(long, value_name = "N", default_value = "1", value_parser = count, hide_default_value = true)]
    min_articles: usize,
    /// Reported by this outlet (repeat: by any of them)
    #[arg(long, value_name = "NAME", value_parser = words)]
    outlet: Vec<String>,
    /// Carried by this feed (repeat: by any of them)
    #[arg(long, value_name = "URL", value_parser = words)]
    feed: Vec<String>,
    /// Has this tag (repeat: any of them)
    #[arg(long, value_name = "TAG", value_parser = words)]
    tag: Vec<String>,
    /// Written in this language, as en or de (repeat: any of them)
    #[arg(long, value_name = "LANG", value_parser = language)]
    lang: Vec<String>,
    /// An article holds these words
    #[arg(long, value_name = "WORDS", value_parser = words)]
    query: Option<String>,
    /// Show what the config mutes too
    #[arg(long)]
    unmuted: bool,
    /// Order: rank, new (newest first), size (most articles first) or first-seen
    #[arg(long, value_enum, value_name = "ORDER", default_value_t, hide_possible_values = true)]
    sort: Sort,
}

#[derive(Args)]
struct TypedList {
    /// Show at most N clusters [default: 30 in a terminal's table, else all]
    #[arg(long, value_name = "N", value_parser = count)]
    limit: Option<usize>,
    /// Output: table, json, jsonl, csv or markdown [default: a table on a terminal, plain lines without one]
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<ListFormat>,
    #[command(flatten)]
    new: TypedNew,
    #[command(flatten)]
    filter: TypedFilter,
}

#[derive(Args)]
struct TypedNew {
    /// Only what is new since this command last showed it with --new
    #[arg(long)]
    new: bool,
    /// Whose list this is, so that several readers have one each [default: the command; of a search, its words]
    #[arg(long, value_name = "NAME", value_parser = words, requires = "new")]
    name: Option<String>,
}

#[derive(Args)]
struct TypedClusters {
    #[command(flatten)]
    list: TypedList,
    /// Only what was dismissed and has no news since
    #[arg(long, conflicts_with = "new")]
    dismissed: bool,
}

#[derive(Args)]
struct TypedDismiss {
    /// Clusters, by id or a unique beginning of it
    #[arg(value_name = "CLUSTER", required = true, value_parser = words)]
    clusters: Vec<String>,
    /// Show them again
    #[arg(long)]
    undo: bool,
}

const DISMISS_NOTE: &str = "\
A dismissed cluster comes back when an article says something new of it, or many
more outlets take it up; never for a copy. `clusters --dismissed` lists them.";

const DIGEST_NOTE: &str = "\
--catch-up makes the next edition of the digest NAME: it covers all that came
since its last one (the first: since the database was made, or --since), each
story once. One that was told before comes back only with news, as an update.
Where NAME is a [digest.NAME] of the config, that section's settings hold.";

#[derive(Args)]
struct TypedShow {
    /// The cluster's id, or a unique beginning of it
    #[arg(value_parser = words)]
    cluster: String,
    #[command(flatten)]
    view: TypedView,
}

#[derive(Args)]
struct TypedWhy {
    /// The article's id, or a unique beginning of it
    #[arg(value_parser = words)]
    article: String,
    /// A second article: why are the two together, or apart?
    #[arg(value_parser = words)]
    other: Option<String>,
    #[command(flatten)]
    view: TypedView,
}

#[derive(Args)]
struct TypedSearch {
    /// Words that an article must hold; "a phrase" in quotation marks stays together
    #[arg(value_name = "QUERY", required = true, value_parser = words)]
    words: Vec<String>,
    #[command(flatten)]
    list: TypedList,
}

#[derive(Args)]
struct TypedDigest {
    /// Name of the digest: its title, and what --catch-up and --new go by
    #[arg(long, value_parser = words)]
    name: Option<String>,
    /// Cover all since the last edition of that name, once
    #[arg(long, conflicts_with_all = ["new", "until"])]
    catch_up: bool,
    /// Only what is new since this command last showed it with --new
    #[arg(long)]
    new: bool,
    /// The N best stories [default: 50]
    #[arg(long, alias = "limit", value_name = "N", value_parser = count)]
    top: Option<usize>,
    /// Output: text, markdown, html, json, atom, epub or email [default: text]
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<DigestFormat>,
    /// Section of its own for the stories of a tag; may be given more than once, in order [default: each
    /// story's most common tag]
    #[arg(long = "section", value_name = "TAG", value_parser = words)]
    sections: Vec<String>,
    /// Template in place of the built-in one (of text, markdown, html or atom)
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Print the built-in template of a format, to begin one's own with
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true, conflicts_with_all = ["template", "name", "top", "sections"])]
    print_template: Option<DigestFormat>,
    /// File to write, - for stdout; {date}, {time}, {name} and, of editions, {number} in it are filled in
    #[arg(long, value_name = "FILE", value_parser = place_of_digest)]
    out: Option<Place>,
    /// Print edition N of that name as it was made; `newsfold editions` lists what is kept
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["catch_up", "new", "top", "format", "sections", "template", "mail"])]
    edition: Option<u32>,
    /// Send it by mail, as the section `mail` of the config says
    #[arg(long)]
    mail: bool,
    #[command(flatten)]
    filter: TypedFilter,
}

#[derive(Subcommand)]
enum TypedCorrections {
    /// Write all corrections as JSON Lines
    Export {
        /// File to write, - for stdout
        #[arg(default_value = "-", value_parser = place)]
        file: Place,
    },
    /// Take over what `export` wrote, as far as its articles are stored here
    Import {
        /// File to read, - for stdin
        #[arg(value_parser = place)]
        file: Place,
    },
}

const CORRECTION_NOTE: &str = "\
A correction names articles, not clusters. Every later decision and `rebuild`
obey it; a running daemon does so within a moment. `undo` takes it back.";

#[derive(Subcommand)]
enum TypedFeeds {
    /// List every feed and how it is doing
    #[command(after_help = LIST_NOTE)]
    List(TypedFeedsList),
    /// Add feeds to the database, by their own address or that of their site
    #[command(after_help = ADD_NOTE)]
    Add(TypedFeedsAdd),
    /// Remove feeds that were added by command; their articles stay
    Remove {
        /// Feeds, by URL as `feeds list` shows them
        #[arg(value_name = "URL", required = true)]
        urls: Vec<String>,
    },
    /// Fetch feeds and explain what is found, without storing anything
    Check {
        /// Feeds, by URL or path, known or not [default: every feed]
        #[arg(value_name = "URL")]
        urls: Vec<String>,
        /// Ask without ETag and Last-Modified, so that the feed comes whole
        #[arg(long)]
        whole: bool,
        /// Let feeds that are not known lead into private networks and to this machine
        #[arg(long)]
        allow_private: bool,
        #[command(flatten)]
        view: TypedView,
    },
    /// Find the feeds of a page, or of its site
    #[command(after_help = DISCOVER_NOTE)]
    Discover {
        /// The page
        url: String,
        /// Let it lead into private networks and to this machine
        #[arg(long)]
        allow_private: bool,
        /// Output: table, json, jsonl, csv or markdown [default: a table on a terminal, plain lines without one]
        #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
        format: Option<ListFormat>,
    },
    /// Add the feeds of an OPML file; folders and categories become tags
    Import {
        /// OPML file, - for stdin
        #[arg(value_parser = place)]
        file: Place,
        /// Take feeds that are files of this machine too
        #[arg(long)]
        allow_files: bool,
    },
    /// Write all feeds as OPML, with their settings
    Export {
        /// File to write, - for stdout
        #[arg(default_value = "-", value_parser = place)]
        file: Place,
    },
}

const LIST_NOTE: &str = "\
Keys and passwords in addresses are hidden in tables and Markdown. All other
forms give each address as it was configured, for programs.";

const ADD_NOTE: &str = "\
Each address is asked once. A feed is added; of a page, its feed is, where it
has one or one that is clearly meant; several are listed to choose from, or
all added with --all. What cannot be reached just now is added with a warning.
Feeds of the config file belong to it: change them there.";

const DISCOVER_NOTE: &str = "\
Looks at the links in the page's head, then at those in its body that look like
feeds, then at the usual addresses (/feed, /rss.xml, ...), and stops as soon as
one of these steps brings feeds. Every feed it names was asked for and read.
Exit code 1 where there is none.";

#[derive(Args)]
struct TypedFeedsList {
    /// Only feeds in trouble
    #[arg(long)]
    trouble: bool,
    /// Output: table, json, jsonl, csv or markdown [default: a table on a terminal, plain lines without one]
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<ListFormat>,
}

#[derive(Args)]
struct TypedFeedsAdd {
    /// Feeds or pages, by URL or path
    #[arg(value_name = "URL", required = true)]
    urls: Vec<String>,
    /// The publisher [default: the site's name, tidied]
    #[arg(long, value_name = "NAME", value_parser = words)]
    outlet: Option<String>,
    /// A tag (repeat for several)
    #[arg(long, value_name = "TAG", value_parser = words)]
    tag: Vec<String>,
    /// Poll this often, as 30m [default: learned from the feed]
    #[arg(long, value_name = "TIME", value_parser = length)]
    interval: Option<SignedDuration>,
    /// Store the articles, never cluster them
    #[arg(long)]
    no_cluster: bool,
    /// Higher is preferred as a cluster's representative
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    priority: i32,
    /// Its articles are for subscribers: others are preferred as a cluster's representative
    #[arg(long)]
    paywalled: bool,
    /// Let it lead into private networks and to this machine
    #[arg(long)]
    allow_private: bool,
    /// Add them as they are, and ask nothing now
    #[arg(long, conflicts_with = "all")]
    no_check: bool,
    /// Add all feeds of a page that has several
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct TypedEval {
    /// The archive: JSON, one article a line
    #[arg(value_name = "FILE.jsonl")]
    file: PathBuf,
    /// Write `id<TAB>cluster` for every line to FILE
    #[arg(long, value_name = "FILE")]
    assignments: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Store the articles as well, in a throw-away database in memory, and index them for search
    #[arg(long)]
    stored: bool,
    /// Try another cluster setting, as join_probability=0.6 (repeat for several)
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

#[derive(Args)]
struct TypedInit {
    /// File to write, - for stdout [default: the one of --config, else config.toml]
    #[arg(value_parser = place)]
    file: Option<Place>,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// Reads the arguments and says what they mean.
pub(crate) fn parse(args: Vec<OsString>) -> Result<Invocation, Stop> {
    // What newsfold types when it calls itself is no command for people: no help, completion or manual knows it.
    for (name, command) in [(RENDER_TEMPLATE, Command::RenderTemplate), (READ_DOCUMENT, Command::ReadDocument)] {
        if args.len() == 2 && args[1] == name {
            let plain = parse(vec![args[0].clone(), OsString::from("man")])?;
            return Ok(Invocation { command, ..plain });
        }
    }
    let color = color_typed(&args);
    let matches = definition().color(clap_color(color)).try_get_matches_from(args);
    matches
        .and_then(|matches| Typed::from_arg_matches(&matches))
        .map(Typed::meaning)
        .map_err(|error| stop(&error, color))
}

/// The whole command line, for those who describe it.
pub(crate) fn definition() -> clap::Command {
    Typed::command()
}

/// The `--color` among the arguments: it must hold for the help and the errors that are made while they are still read.
fn color_typed(args: &[OsString]) -> ColorMode {
    let mut words = args.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    let mut color = ColorMode::Auto;
    while let Some(word) = words.next() {
        let value = if word == "--color" { words.next() } else { word.strip_prefix("--color=") };
        color = match value {
            Some("always") => ColorMode::Always,
            Some("never") => ColorMode::Never,
            Some("auto") => ColorMode::Auto,
            _ => color,
        };
    }
    color
}

fn clap_color(color: ColorMode) -> ColorChoice {
    match color {
        ColorMode::Auto => ColorChoice::Auto,
        ColorMode::Always => ColorChoice::Always,
        ColorMode::Never => ColorChoice::Never,
    }
}

/// Clap's own words, behind our name as every error of ours.
fn stop(error: &clap::Error, color: ColorMode) -> Stop {
    let exit = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Misused,
    };
    let text = error.render().ansi().to_string().replacen("error:", "newsfold:", 1);
    Stop { text, color, exit }
}

impl Typed {
    fn meaning(self) -> Invocation {
        let global = self.global;
        Invocation {
            global: Global {
                config: global.config,
                database: global.db,
                quiet: global.quiet,
                verbose: global.verbose,
                log_format: global.log_format,
                color: global.color,
                zone: global.tz.unwrap_or_else(TimeZone::system),
            },
            command: self.command.meaning(),
        }
    }
}

impl TypedCommand {
    fn meaning(self) -> Command {
        match self {
            TypedCommand::Run => Command::Run,
            TypedCommand::Fetch(TypedFetch { feeds, all, dry_run }) => {
                Command::Fetch(FetchArgs { feeds, all, dry_run })
            }
            TypedCommand::Status(view) => Command::Status(view.format),
            TypedCommand::Clusters(clusters) => {
                Command::Clusters(ListArgs { dismissed: clusters.dismissed, ..clusters.list.meaning() })
            }
            TypedCommand::Dismiss(dismiss) => {
                Command::Dismiss(DismissArgs { clusters: dismiss.clusters, undo: dismiss.undo })
            }
            TypedCommand::Show(show) => Command::Show(ShowArgs { cluster: show.cluster, view: show.view.format }),
            TypedCommand::Why(why) => {
                Command::Why(WhyArgs { article: why.article, other: why.other, view: why.view.format })
            }
            TypedCommand::Search(search) => {
                Command::Search(SearchArgs { words: search.words.join(" "), list: search.list.meaning() })
            }
            TypedCommand::Merge { ids, view } => Command::Merge { ids, view: view.format },
            TypedCommand::Split { articles, view } => Command::Split { articles, view: view.format },
            TypedCommand::Apart { one, other, view } => Command::Apart { one, other, view: view.format },
            TypedCommand::Undo { number, view } => Command::Undo { number, view: view.format },
            TypedCommand::Corrections { command, format } => Command::Corrections(match command {
                None => CorrectionsCommand::List(format),
                Some(TypedCorrections::Export { file }) => CorrectionsCommand::Export { to: file },
                Some(TypedCorrections::Import { file }) => CorrectionsCommand::Import { from: file },
            }),
            TypedCommand::Digest(digest) => Command::Digest(digest.meaning()),
            TypedCommand::Editions { name, format } => Command::Editions { name, format },
            TypedCommand::Feeds { command } => Command::Feeds(command.meaning()),
            TypedCommand::Eval(eval) => Command::Eval(EvalArgs {
                file: eval.file,
                assignments: eval.assignments,
                view: if eval.json { View::Json } else { View::Text },
                stored: eval.stored,
                settings: eval.set,
            }),
            TypedCommand::Rebuild { all } => Command::Rebuild { all },
            TypedCommand::Doctor(view) => Command::Doctor(view.format),
            TypedCommand::Backup { file, force } => Command::Backup { to: file, force },
            TypedCommand::Restore { file } => Command::Restore { from: file },
            TypedCommand::Prune { dry_run, vacuum, force } => Command::Prune(PruneArgs { dry_run, vacuum, force }),
            TypedCommand::Init(TypedInit { file, force }) => Command::Init(InitArgs { to: file, force }),
            TypedCommand::Demo(view) => Command::Demo(view.format),
            TypedCommand::Completions { shell } => Command::Completions(shell),
            TypedCommand::Man => Command::Man,
        }
    }
}

impl TypedFilter {
    fn meaning(self) -> (Filter, Sort) {
        let filter = Filter {
            since: self.since,
            until: self.until,
            outlets_min: self.min_outlets,
            articles_min: self.min_articles,
            outlets: self.outlet,
            feeds: self.feed,
            tags: self.tag,
            languages: self.lang,
            query: self.query,
            unmuted: self.unmuted,
        };
        (filter, self.sort)
    }
}

impl TypedList {
    fn meaning(self) -> ListArgs {
        let (filter, sort) = self.filter.meaning();
        let new = self.new.new.then_some(New { name: self.new.name });
        ListArgs { filter, sort, limit: self.limit, format: self.format, new, dismissed: false }
    }
}

impl TypedDigest {
    fn meaning(self) -> DigestArgs {
        let (filter, sort) = self.filter.meaning();
        let covers = match (self.catch_up, self.new) {
            (true, _) => Covers::SinceLast,
            (false, true) => Covers::New,
            (false, false) => Covers::Filter,
        };
        DigestArgs {
            name: self.name,
            covers,
            filter,
            sort,
            top: self.top,
            format: self.format,
            out: self.out,
            mail: self.mail,
            template: self.template,
            edition: self.edition,
            print_template: self.print_template,
            sections: self.sections,
        }
    }
}

impl TypedFeeds {
    fn meaning(self) -> FeedsCommand {
        match self {
            TypedFeeds::List(list) => FeedsCommand::List(FeedsListArgs { trouble: list.trouble, format: list.format }),
            TypedFeeds::Add(add) => FeedsCommand::Add(FeedsAddArgs {
                urls: add.urls,
                outlet: add.outlet,
                tags: add.tag,
                interval: add.interval,
                cluster: !add.no_cluster,
                priority: add.priority,
                paywalled: add.paywalled,
                allow_private: add.allow_private,
                check: !add.no_check,
                all: add.all,
            }),
            TypedFeeds::Remove { urls } => FeedsCommand::Remove { urls },
            TypedFeeds::Check { urls, whole, allow_private, view } => {
                FeedsCommand::Check { urls, how: Asking { whole, allow_private }, view: view.format }
            }
            TypedFeeds::Discover { url, allow_private, format } => {
                FeedsCommand::Discover { url, allow_private, format }
            }
            TypedFeeds::Import { file, allow_files } => FeedsCommand::Import { from: file, files: allow_files },
            TypedFeeds::Export { file } => FeedsCommand::Export { to: file },
        }
    }
}
