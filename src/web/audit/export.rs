//! The log as a table for spreadsheets, sent row by row.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{Bytes, Data, Query};
use futures_util::StreamExt;
use futures_util::stream::{self, Stream};

use super::{Asked, what};
use crate::actions;
use crate::app::App;
use crate::domain::actor::{Actor, OrgScope};
use crate::error::{Error, Result};
use crate::store::audit::{self, AuditFilter, AuditRow};
use crate::web::words;

/// Rows that are in memory at once.
const BATCH: i64 = 1000;

/// Without it, spreadsheets take the file for another encoding than UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

const HEADINGS: [&str; 9] = ["time", "entry", "who", "act", "what", "target_kind", "target", "details", "address"];

/// `GET /audit.csv`: all entries that match, newest first.
pub async fn download(app: Data<App>, actor: Actor, asked: Query<Asked>) -> Result<HttpResponse> {
    let filter = asked.into_inner().tidy().filter();
    actions::audit::export(&app, &actor, &filter).await?;
    let filename = format!("audit-log-{}.csv", app.clock.now().date());
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(filename)],
    };
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").insert_header(disposition).streaming(batches(
        app,
        actor.scope,
        filter,
    )))
}

/// The whole table in parts. A fault on the way breaks the answer off, which the reader's program notices.
fn batches(app: Data<App>, scope: OrgScope, filter: AuditFilter) -> impl Stream<Item = Result<Bytes>> {
    let rows = stream::try_unfold(i64::MAX, move |before| {
        let (app, filter) = (app.clone(), filter.clone());
        async move {
            let rows = app.db.read(move |conn| audit::before(conn, scope, &filter, before, BATCH)).await?;
            let Some(last) = rows.last().map(|row| row.seq) else { return Ok(None) };
            Ok(Some((table(rows.iter().map(cells))?, last)))
        }
    });
    stream::once(async { Ok(Bytes::from([BYTE_ORDER_MARK.as_bytes(), &table([HEADINGS.map(Cow::from)])?].concat())) })
        .chain(rows)
}

fn cells(row: &AuditRow) -> [Cow<'_, str>; HEADINGS.len()] {
    let texts = [&row.target_kind, &row.target_name, &row.details, &row.ip].map(|text| harmless(text));
    let [target_kind, target, details, address] = texts;
    [
        words::iso(&row.at).into(),
        row.seq.to_string().into(),
        harmless(&row.who_name),
        harmless(&row.act),
        harmless(what(row)),
        target_kind,
        target,
        details,
        address,
    ]
}

/// Names and details hold what people typed. Spreadsheets take a text that begins like a formula for one, so that
/// it gets an apostrophe, which they take for "this is text".
/// <https://owasp.org/www-community/attacks/CSV_Injection>
fn harmless(text: &str) -> Cow<'_, str> {
    const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.starts_with(BEGINNINGS) { format!("'{text}").into() } else { text.into() }
}

fn table<'a>(rows: impl IntoIterator<Item = [Cow<'a, str>; HEADINGS.len()]>) -> Result<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| cell.as_bytes())).map_err(Error::internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_marked_as_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["", "Mara", "a=1", "192.0.2.14", "2 models"] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn cells_with_commas_quotes_and_line_breaks_stay_one_cell() {
        let mut row = HEADINGS.map(Cow::from);
        row[7] = "a, \"b\"\nc".into();
        let text = String::from_utf8(table([row]).unwrap().to_vec()).unwrap();
        assert!(text.ends_with(",\"a, \"\"b\"\"\nc\",address\n"), "{text}");
    }
}
