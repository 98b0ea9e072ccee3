//! The clients of MySQL and PostgreSQL, as far as tutorials use them: databases, tables, rows.
//!
//! A database is a folder of the data folder, a table a file in it, so on the disk of whatever is mounted there.
//!
//! Deviation: `CREATE`, `DROP`, `USE`, `INSERT INTO` with values, `SELECT` of columns, a count or variables, `DELETE` and
//! `SHOW` are known, and rows are found by one column that equals a value. Passwords are not asked.

use super::inside::{Container, Terminal};
use super::system::{Ran, System};
use super::web::{self, Call};
use crate::interpreter::{database, is_apart, told};
use petri_sim::reality::files::normal;

/// The pieces of a text between signs that stand in no quotes.
fn pieces(text: &str, sign: char) -> Vec<&str> {
    let (mut pieces, mut from, mut quote) = (Vec::new(), 0, None);
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if open == c => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None if c == sign => {
                pieces.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            None => {}
        }
    }
    pieces.push(&text[from..]);
    pieces
}

/// A name without its quotes.
fn bare(name: &str) -> &str {
    name.trim_matches(['`', '"', ';'])
}

/// The statements of `-e`, `-c` or standard input, on tables that lie in the data folder.
pub(super) fn run(name: &str, words: &[&str], input: Option<&str>, own: &mut Container<'_>) -> Ran {
    let by_flag = match name {
        "mysql" => told(words, "-e", "execute"),
        _ => told(words, "-c", "command").or_else(|| words.contains(&"-l").then_some("\\l")),
    };
    // Without a word its terminal was closed at once.
    let Some(text) = by_flag.or(input) else { return Ran::default() };
    let host = told(words, "-h", "host");
    let mut database = match &own.terminal {
        Some(terminal) => terminal.database.clone(),
        None => database(name, words).map(str::to_owned),
    };
    let elsewhere = host.filter(|host| !["localhost", "127.0.0.1", &**own.pod_name()].contains(host));
    let ran = match elsewhere {
        Some(host) => asked(name, host, text, &mut database, own),
        None => statements(name, text, &mut database, own.terminal.is_some(), own),
    };
    own.terminal = own.terminal.is_some().then_some(Terminal { database });
    ran
}

fn statements(
    name: &str,
    text: &str,
    database: &mut Option<String>,
    is_terminal: bool,
    own: &mut Container<'_>,
) -> Ran {
    let mut ran = Ran::default();
    let ends = text.replace("\\G", ";").replace("\\g", ";");
    for statement in pieces(&ends, ';').into_iter().map(str::trim).filter(|statement| !statement.is_empty()) {
        let mut client = Client { name, database, is_terminal, own: &mut *own };
        let one = client.statement(statement);
        ran.stdout.push_str(&one.stdout);
        ran.stderr.push_str(&one.stderr);
        if one.code != 0 {
            ran.code = one.code;
            // At a terminal only the statement has failed.
            if !is_terminal {
                return ran;
            }
        }
    }
    ran
}

/// The same, asked of a server elsewhere.
fn asked(name: &str, host: &str, text: &str, database: &mut Option<String>, own: &mut Container<'_>) -> Ran {
    let port = if name == "mysql" { 3306 } else { 5432 };
    let unreached = || match name {
        "mysql" => Ran::failed(1, format!("ERROR 2003 (HY000): Can't connect to MySQL server on '{host}' (111)")),
        _ => Ran::failed(
            2,
            format!("psql: error: connection to server at \"{host}\", port {port} failed: Connection refused"),
        ),
    };
    let (pod, container) = match web::open(host, port, web::asker(own), own.world) {
        Call::Open { pod, container } => (pod, container),
        Call::NoName if name == "mysql" => {
            return Ran::failed(1, format!("ERROR 2005 (HY000): Unknown MySQL server host '{host}' (0)"));
        }
        Call::NoName => {
            let why = "Name or service not known";
            return Ran::failed(2, format!("psql: error: could not translate host name \"{host}\" to address: {why}"));
        }
        Call::Refused | Call::TimedOut => return unreached(),
    };
    let Some(mut server) = Container::of(&pod, &container, own.world, own.salt) else { return unreached() };
    server = server.knowing(&own.replays);
    let ran = statements(name, text, database, own.terminal.is_some(), &mut server);
    own.elsewhere.extend(server.did(&pod));
    ran
}

/// What stands behind the table of a statement.
struct Rest<'s> {
    table: &'s str,
    /// `WHERE column = 'value'`.
    equals: Option<(&'s str, String)>,
}

impl Rest<'_> {
    /// `None` if it asks for more than is known here.
    fn of<'s>(words: &[&'s str]) -> Option<Rest<'s>> {
        let (table, rest) = words.split_first()?;
        let equals = match rest {
            [] => None,
            [where_, rest @ ..] if where_.eq_ignore_ascii_case("where") => {
                let column = rest.first()?.split('=').next()?;
                let value = rest.join(" ");
                let value = value.strip_prefix(column)?.trim_start().strip_prefix('=')?.trim().to_owned();
                let quoted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
                let is_one_word = !value.contains(char::is_whitespace) && !value.contains('\'');
                Some((column, quoted.map(str::to_owned).or(is_one_word.then_some(value.clone()))?))
            }
            _ => return None,
        };
        Some(Rest { table, equals })
    }
}

/// A client, and the server that it is connected to.
struct Client<'c, 'w> {
    name: &'c str,
    database: &'c mut Option<String>,
    is_terminal: bool,
    own: &'c mut Container<'w>,
}

impl Client<'_, '_> {
    fn is_mysql(&self) -> bool {
        self.name == "mysql"
    }
    fn folder(&self) -> &'static str {
        if self.is_mysql() { "/var/lib/mysql" } else { "/var/lib/postgresql/data" }
    }

    fn statement(&mut self, statement: &str) -> Ran {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        let last = bare(words.last().copied().unwrap_or_default()).to_owned();
        match upper[..] {
            ["CREATE", "DATABASE" | "SCHEMA", ..] => self.create_database(&last, upper.contains(&"EXISTS")),
            ["DROP", "DATABASE" | "SCHEMA", ..] => self.drop_database(&last, upper.contains(&"EXISTS")),
            ["USE", _] | ["\\U" | "\\C" | "\\CONNECT", _] => self.change(&last),
            ["CREATE", "TABLE", ..] => self.create_table(statement, &words, upper.contains(&"EXISTS")),
            ["DROP", "TABLE", ..] => self.drop_table(&last, upper.contains(&"EXISTS")),
            ["INSERT", "INTO", named, ..] => self.insert(statement, words[2], named),
            ["SELECT", ..] if upper.contains(&"FROM") => {
                let at = upper.iter().position(|word| *word == "FROM").unwrap_or(0);
                let Some(rest) = Rest::of(&words[at + 1..]) else { return self.unknown(statement) };
                self.select(&words[1..at].join(" "), &rest)
            }
            ["DELETE", "FROM", ..] => match Rest::of(&words[2..]) {
                Some(rest) => self.delete(&rest),
                None => self.unknown(statement),
            },
            ["SELECT", ..] => self.variables(&words[1..].join(" ")),
            ["SHOW", "DATABASES" | "SCHEMAS"] if self.is_mysql() => self.listed("Database", self.all_databases()),
            ["\\L"] | ["\\LIST"] if !self.is_mysql() => self.listed("Name", self.all_databases()),
            ["SHOW", "TABLES"] if self.is_mysql() => match self.database.clone() {
                Some(database) => self.listed(&format!("Tables_in_{database}"), self.tables()),
                None => self.none_selected(),
            },
            ["\\D" | "\\DT"] if !self.is_mysql() => match self.tables() {
                none if none.is_empty() => Ran::text("Did not find any relations.\n"),
                names => self.listed("Name", names),
            },
            ["SET" | "BEGIN" | "COMMIT" | "FLUSH" | "GRANT" | "CHANGE" | "START" | "STOP" | "RESET", ..] => {
                self.done(upper[0], 0)
            }
            _ => self.unknown(statement),
        }
    }

    /// What a client says of a statement that has no rows: MySQL's at a terminal, PostgreSQL's always.
    fn done(&self, tag: &str, rows: usize) -> Ran {
        match (self.is_mysql(), self.is_terminal) {
            (true, true) => {
                let plural = if rows == 1 { "" } else { "s" };
                Ran::text(format!("Query OK, {rows} row{plural} affected (0.01 sec)\n"))
            }
            (true, false) => Ran::default(),
            (false, _) => Ran::text(format!("{tag}\n")),
        }
    }
    /// A server's error, in the words of the client.
    fn error(&self, code: &str, mysql: String, postgres: String) -> Ran {
        match (self.is_mysql(), self.is_terminal) {
            (true, true) => Ran::failed(1, format!("ERROR {code}: {mysql}")),
            (true, false) => Ran::failed(1, format!("ERROR {code} at line 1: {mysql}")),
            (false, _) => Ran::failed(1, format!("ERROR:  {postgres}")),
        }
    }
    fn none_selected(&self) -> Ran {
        self.error("1046 (3D000)", "No database selected".into(), "no database".into())
    }
    fn unknown(&self, statement: &str) -> Ran {
        let known = "CREATE, DROP, USE, INSERT INTO, SELECT, DELETE and SHOW are simulated here, with one column that equals a value";
        let near: String = statement.chars().take(80).collect();
        self.error(
            "1064 (42000)",
            format!("{known}: {near}"),
            format!("syntax error at or near \"{}\": {known}", near.split_whitespace().next().unwrap_or_default()),
        )
    }
    fn unwritten(&self, why: &str) -> Ran {
        self.error("1030 (HY000)", why.into(), format!("could not extend file: {why}"))
    }

    /// The file of a table; `None` if nobody says of which database it is.
    fn path(&self, named: &str) -> Option<String> {
        let named = named.split('(').next().unwrap_or(named);
        let parts: Vec<&str> = named.split('.').map(bare).collect();
        let name = match (&parts[..], self.database.as_deref()) {
            ([table], Some(database)) => format!("{database}/{table}"),
            ([_], None) if self.is_mysql() => return None,
            // A schema of PostgreSQL is no folder of its own.
            (["public", table], database) => database.map_or((*table).to_owned(), |own| format!("{own}/{table}")),
            _ => parts.join("/"),
        };
        Some(normal(&format!("{}/{name}.table", self.folder())))
    }
    fn missing(&self, named: &str) -> Ran {
        let own = self.database.as_deref().filter(|_| !named.contains('.'));
        let shown = own.map_or(bare(named).to_owned(), |database| format!("{database}.{}", bare(named)));
        self.error(
            "1146 (42S02)",
            format!("Table '{shown}' doesn't exist"),
            format!("relation \"{}\" does not exist", bare(named)),
        )
    }

    /// Databases that were made here.
    fn databases(&self) -> Vec<String> {
        let own = self.own.names_below(self.folder()).into_iter();
        own.filter(|name| self.own.stat(&format!("{}/{name}", self.folder())).is_some_and(|stat| stat.folder)).collect()
    }
    fn tables(&self) -> Vec<String> {
        let folder = match &*self.database {
            Some(database) => normal(&format!("{}/{database}", self.folder())),
            None => self.folder().to_owned(),
        };
        let names = self.own.names_below(&folder).into_iter();
        names.filter_map(|name| name.strip_suffix(".table").map(str::to_owned)).collect()
    }
    /// These, and those that every server has.
    fn all_databases(&self) -> Vec<String> {
        let of_itself: &[&str] = match self.is_mysql() {
            true => &["information_schema", "mysql", "performance_schema", "sys"],
            false => &["postgres", "template0", "template1"],
        };
        self.databases().into_iter().chain(of_itself.iter().map(|name| (*name).to_owned())).collect()
    }
    fn is_there(&self, database: &str) -> bool {
        self.all_databases().iter().any(|name| name == database)
    }

    fn create_database(&mut self, name: &str, unless_there: bool) -> Ran {
        if self.is_there(name) {
            return match unless_there && self.is_mysql() {
                true => self.done("CREATE DATABASE", 1),
                false => self.error(
                    "1007 (HY000)",
                    format!("Can't create database '{name}'; database exists"),
                    format!("database \"{name}\" already exists"),
                ),
            };
        }
        let ran = super::folders::run("mkdir", &["-p", &format!("{}/{name}", self.folder())], self.own);
        match ran.code == 0 {
            true => self.done("CREATE DATABASE", 1),
            false => self.unwritten("no room for a folder"),
        }
    }
    fn drop_database(&mut self, name: &str, if_there: bool) -> Ran {
        if !self.databases().iter().any(|own| own == name) {
            return match if_there {
                true => self.done("DROP DATABASE", 0),
                false => self.error(
                    "1008 (HY000)",
                    format!("Can't drop database '{name}'; database doesn't exist"),
                    format!("database \"{name}\" does not exist"),
                ),
            };
        }
        super::folders::run("rm", &["-r", &format!("{}/{name}", self.folder())], self.own);
        if self.database.as_deref() == Some(name) {
            *self.database = None;
        }
        self.done("DROP DATABASE", 0)
    }
    fn change(&mut self, name: &str) -> Ran {
        if !self.is_there(name) {
            return self.error(
                "1049 (42000)",
                format!("Unknown database '{name}'"),
                format!("database \"{name}\" does not exist"),
            );
        }
        *self.database = is_apart(self.name, name).then(|| name.to_owned());
        match (self.is_mysql(), self.is_terminal) {
            (true, true) => Ran::text("Database changed\n"),
            (true, false) => Ran::default(),
            (false, _) => Ran::text(format!("You are now connected to database \"{name}\" as user \"postgres\".\n")),
        }
    }

    fn create_table(&mut self, statement: &str, words: &[&str], unless_there: bool) -> Ran {
        let open = words.iter().position(|word| word.contains('('));
        let at = open.map_or(2, |at| if words[at].starts_with('(') { at - 1 } else { at }).max(2);
        let named = words.get(at).copied().unwrap_or_default();
        let Some(path) = self.path(named) else { return self.none_selected() };
        let columns = statement.split_once('(').map_or("", |(_, rest)| rest);
        let names: Vec<&str> = columns.split(',').filter_map(|column| column.split_whitespace().next()).collect();
        if self.own.stat(&path).is_some() {
            let shown = bare(named.split('(').next().unwrap_or(named)).to_owned();
            return match unless_there {
                true => self.done("CREATE TABLE", 0),
                false => self.error(
                    "1050 (42S01)",
                    format!("Table '{shown}' already exists"),
                    format!("relation \"{shown}\" already exists"),
                ),
            };
        }
        let parent = path.rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned();
        super::folders::run("mkdir", &["-p", &parent], self.own);
        match System::write(self.own, &path, &format!("{}\n", names.join("\t")), false) {
            Ok(()) => self.done("CREATE TABLE", 0),
            Err(fault) => self.unwritten(fault.as_str()),
        }
    }
    fn drop_table(&mut self, named: &str, if_there: bool) -> Ran {
        let Some(path) = self.path(named) else { return self.none_selected() };
        if self.own.stat(&path).is_none() {
            return if if_there { self.done("DROP TABLE", 0) } else { self.missing(named) };
        }
        super::folders::run("rm", &[&path], self.own);
        self.done("DROP TABLE", 0)
    }
    fn insert(&mut self, statement: &str, named: &str, upper: &str) -> Ran {
        let Some(path) = self.path(named) else { return self.none_selected() };
        if self.own.stat(&path).is_none() {
            return self.missing(named.get(..upper.find('(').unwrap_or(upper.len())).unwrap_or(named));
        }
        let values = statement.find("VALUES").or_else(|| statement.find("values"));
        let values = values.map_or("", |at| &statement[at + 6..]);
        let mut lines = String::new();
        for row in pieces(values, ')').into_iter().filter_map(|row| row.split_once('(')).map(|(_, row)| row) {
            let cell = |cell: &str| cell.trim().trim_matches(['\'', '"']).replace(['\t', '\n'], " ");
            let cells: Vec<String> = pieces(row, ',').into_iter().map(cell).collect();
            lines.push_str(&(cells.join("\t") + "\n"));
        }
        let rows = lines.lines().count();
        match System::write(self.own, &path, &lines, true) {
            Ok(()) => {
                let mut ran = self.done(&format!("INSERT 0 {rows}"), rows);
                if self.is_mysql() && self.is_terminal && rows > 1 {
                    ran.stdout.push_str(&format!("Records: {rows}  Duplicates: 0  Warnings: 0\n"));
                }
                ran
            }
            Err(fault) => self.unwritten(fault.as_str()),
        }
    }
    /// The rows of a table, the names of its columns first.
    fn rows(&self, named: &str) -> Result<Vec<Vec<String>>, Ran> {
        let path = self.path(named).ok_or_else(|| self.none_selected())?;
        // Replicas have what their primary has.
        let elsewhere = || self.own.reached().iter().find_map(|other| other.text(&path).ok());
        let text = self.own.text(&path).ok().or_else(elsewhere).ok_or_else(|| self.missing(named))?;
        Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }
    /// Where a column stands in each row.
    fn place(&self, rows: &[Vec<String>], column: &str, part: &str) -> Result<usize, Ran> {
        let named = bare(column.rsplit('.').next().unwrap_or(column));
        let at = rows.first().and_then(|head| head.iter().position(|own| bare(own).eq_ignore_ascii_case(named)));
        at.ok_or_else(|| {
            self.error(
                "1054 (42S22)",
                format!("Unknown column '{named}' in '{part}'"),
                format!("column \"{named}\" does not exist"),
            )
        })
    }
    /// Which rows a statement is about.
    fn is_meant<'r>(&self, rows: &[Vec<String>], rest: &'r Rest<'_>) -> Result<impl Fn(&[String]) -> bool + 'r, Ran> {
        let place = match &rest.equals {
            Some((column, _)) => Some(self.place(rows, column, "where clause")?),
            None => None,
        };
        Ok(move |row: &[String]| match (place, &rest.equals) {
            (Some(at), Some((_, value))) => row.get(at) == Some(value),
            _ => true,
        })
    }
    fn select(&mut self, columns: &str, rest: &Rest<'_>) -> Ran {
        self.found(columns, rest).unwrap_or_else(|error| error)
    }
    fn found(&self, columns: &str, rest: &Rest<'_>) -> Result<Ran, Ran> {
        let rows = self.rows(rest.table)?;
        let meant = self.is_meant(&rows, rest)?;
        let head = rows.iter().take(1);
        let found: Vec<&Vec<String>> = head.chain(rows.iter().skip(1).filter(|row| meant(row))).collect();
        if columns.eq_ignore_ascii_case("count(*)") {
            let column = if self.is_mysql() { columns } else { "count" };
            let count = found.len().saturating_sub(1).to_string();
            return Ok(Ran::text(self.grid(vec![vec![column.into()], vec![count]])));
        }
        let mut places = Vec::new();
        for column in columns.split(',').map(str::trim) {
            match column {
                "*" => places.extend(0..rows.first().map_or(0, Vec::len)),
                column => places.push(self.place(&rows, column, "field list")?),
            }
        }
        let one = |row: &Vec<String>| places.iter().map(|at| row.get(*at).cloned().unwrap_or_default()).collect();
        Ok(Ran::text(self.grid(found.into_iter().map(one).collect())))
    }
    fn delete(&mut self, rest: &Rest<'_>) -> Ran {
        let kept = self.rows(rest.table).and_then(|rows| {
            let meant = self.is_meant(&rows, rest)?;
            let kept: Vec<&Vec<String>> =
                rows.iter().enumerate().filter(|(at, row)| *at == 0 || !meant(row)).map(|(_, row)| row).collect();
            let text: String = kept.iter().map(|row| row.join("\t") + "\n").collect();
            Ok((rows.len() - kept.len(), text))
        });
        let (gone, text) = match kept {
            Ok(kept) => kept,
            Err(error) => return error,
        };
        let Some(path) = self.path(rest.table) else { return self.none_selected() };
        match System::write(self.own, &path, &text, false) {
            Ok(()) => self.done(&format!("DELETE {gone}"), gone),
            Err(fault) => self.unwritten(fault.as_str()),
        }
    }
    fn variables(&mut self, asked: &str) -> Ran {
        let own = &self.own;
        let ordinal = own.pod_name().rsplit('-').next().and_then(|end| end.parse::<u32>().ok()).unwrap_or(0);
        let columns: Vec<String> = asked.split(',').map(|column| column.trim().to_owned()).collect();
        let values = columns.iter().map(|column| match &*column.to_lowercase() {
            "@@server_id" => (100 + ordinal).to_string(),
            "now()" => own.now().rfc3339().replace('T', " ").trim_end_matches('Z').to_owned(),
            "@@hostname" => own.pod_name().to_string(),
            "database()" | "current_database()" => match (&*self.database, self.is_mysql()) {
                (Some(database), _) => database.clone(),
                (None, true) => "NULL".into(),
                (None, false) => "postgres".into(),
            },
            other => other.trim_matches('\'').to_owned(),
        });
        let values = values.collect();
        let named = |column: String| match column.strip_suffix("()") {
            _ if self.is_mysql() => column,
            Some(function) => function.to_lowercase(),
            None => "?column?".into(),
        };
        Ran::text(self.grid(vec![columns.into_iter().map(named).collect(), values]))
    }

    fn listed(&self, title: &str, mut names: Vec<String>) -> Ran {
        names.sort();
        names.dedup();
        if names.is_empty() && self.is_mysql() {
            return Ran::text(if self.is_terminal { "Empty set (0.00 sec)\n" } else { "" });
        }
        Ran::text(self.grid(std::iter::once(title.to_owned()).chain(names).map(|name| vec![name]).collect()))
    }
    /// A table as the clients draw one.
    fn grid(&self, rows: Vec<Vec<String>>) -> String {
        let count = rows.len().saturating_sub(1);
        if count == 0 && self.is_mysql() {
            return if self.is_terminal { "Empty set (0.00 sec)\n".into() } else { String::new() };
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let (mut widths, mut are_numbers) = (vec![0; columns], vec![true; columns]);
        for (row, number) in rows.iter().zip(0..) {
            for (at, cell) in row.iter().enumerate() {
                widths[at] = widths[at].max(cell.chars().count());
                // Numbers stand at the right.
                are_numbers[at] &= number == 0 || cell.parse::<f64>().is_ok();
            }
        }
        let (edge, cross) = if self.is_mysql() { ("+", "+\n") } else { ("", "\n") };
        let rule = |at: usize| format!("{}{}", if at == 0 { edge } else { "+" }, "-".repeat(widths[at] + 2));
        let rule: String = (0..columns).map(rule).collect::<String>() + cross;
        let line = |row: &Vec<String>, is_head: bool| {
            let cell = |at: usize| {
                let bar = if at > 0 || self.is_mysql() { "|" } else { "" };
                let (text, width) = (row.get(at).map_or("", String::as_str), widths[at]);
                match (is_head, self.is_mysql(), are_numbers[at]) {
                    (true, false, _) => format!("{bar} {text:^width$} "),
                    (false, _, true) => format!("{bar} {text:>width$} "),
                    _ => format!("{bar} {text:<width$} "),
                }
            };
            let line = (0..columns).map(cell).collect::<String>();
            if self.is_mysql() { line + "|\n" } else { line.trim_end().to_owned() + "\n" }
        };
        let mut text = if self.is_mysql() { rule.clone() } else { String::new() };
        for (row, number) in rows.iter().zip(0..) {
            text.push_str(&line(row, number == 0));
            if number == 0 {
                text.push_str(&rule);
            }
        }
        let plural = if count == 1 { "" } else { "s" };
        match (self.is_mysql(), self.is_terminal) {
            (true, true) => text.push_str(&format!("{rule}{count} row{plural} in set (0.00 sec)\n")),
            (true, false) => text.push_str(&rule),
            (false, _) => text.push_str(&format!("({count} row{plural})\n\n")),
        }
        text
    }
}
