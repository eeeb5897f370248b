//! Lists in pages. Clients ask for one page after the other until one is answered with 404, so there is an end.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::Serialize;
use url::{Url, form_urlencoded};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Error, Result};
use crate::store::listing::{Listing, Order};

/// Items on a page, if nobody asks for fewer.
const PAGE_SIZE: i64 = 100;
/// Characters of a search.
const LONGEST_SEARCH: usize = 200;
/// Words of a search.
const MOST_WORDS: usize = 10;
/// Most ids that a list can be narrowed to.
const MOST_IDS: usize = 1_000;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// How many items there are on all pages.
    count: i64,
    /// Where the next page is.
    next: Option<String>,
    /// Where the page before is.
    previous: Option<String>,
    /// The items.
    results: Vec<T>,
}

/// What [`ListQuery`] reads, as the description has it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// From 1; 404 past the last.
    pub page: Option<i64>,
    /// 100 at most, and if it is left out.
    pub page_size: Option<i64>,
    /// Words in the title or description.
    pub search: Option<String>,
    /// What the title holds.
    pub title: Option<String>,
    /// `id`, `title`, `created_at`, `updated_at`, with `-` the other way.
    pub ordering: Option<String>,
    /// Only these, separated by commas.
    pub ids: Option<String>,
}

/// What a request says about the list that it asks for.
#[derive(Clone, Debug)]
pub struct ListQuery {
    path: String,
    pairs: Vec<(String, String)>,
    page: i64,
    page_size: i64,
}

impl ListQuery {
    /// The part of the list that was asked for.
    #[must_use]
    pub fn listing(&self) -> Listing {
        Listing {
            words: self.words(),
            title: self.get("title").map(cleaned).filter(|title| !title.is_empty()),
            ids: self.ids(),
            order: self.order(),
            offset: self.offset(),
            limit: self.page_size,
        }
    }

    /// The order that was asked for: the first name that is known, or else the newest first.
    #[must_use]
    pub fn order(&self) -> Order {
        let mut names = self.get("ordering").unwrap_or_default().split(',');
        names.find_map(|name| Order::named(name.trim())).unwrap_or(Order::NEWEST)
    }

    /// Puts the items onto their page.
    ///
    /// # Errors
    /// [`Error::NoSuchPage`] if the list ends before it. The first page is always there.
    pub fn page<T>(&self, public_url: &Url, count: i64, results: Vec<T>) -> Result<Page<T>> {
        if self.page > 1 && self.offset() >= count {
            return Err(Error::NoSuchPage);
        }
        Ok(self.filled(public_url, count, results))
    }

    /// The same where a page past the last one is empty: some methods of the clients take the end for a failure.
    #[must_use]
    pub fn filled<T>(&self, public_url: &Url, count: i64, results: Vec<T>) -> Page<T> {
        let has_more = self.offset().saturating_add(self.page_size) < count;
        let next = has_more.then(|| self.address(public_url, self.page + 1));
        let previous = (self.page > 1).then(|| self.address(public_url, self.page - 1));
        Page { count, next, previous, results }
    }

    /// The address of another page of the same list.
    fn address(&self, public_url: &Url, page: i64) -> String {
        let mut url = public_url.clone();
        url.set_path(&self.path);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.clear().extend_pairs(self.pairs.iter().filter(|(name, _)| name != "page"));
            pairs.append_pair("page", &page.to_string());
        }
        url.into()
    }

    fn offset(&self) -> i64 {
        (self.page - 1).saturating_mul(self.page_size)
    }

    fn words(&self) -> Vec<String> {
        let search = cleaned(self.get("search").unwrap_or_default());
        search.split_whitespace().take(MOST_WORDS).map(str::to_owned).collect()
    }

    fn ids(&self) -> Option<Vec<i64>> {
        let ids = self.get("ids").filter(|ids| !ids.is_empty())?;
        Some(ids.split(',').filter_map(|id| id.trim().parse().ok()).take(MOST_IDS).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        get(&self.pairs, name)
    }
}

impl FromRequest for ListQuery {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.path(), request.query_string()))
    }
}

fn read(path: &str, query: &str) -> Result<ListQuery> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let page = match get(&pairs, "page") {
        None | Some("") => 1,
        Some(page) => page.parse().ok().filter(|page| *page >= 1 && *page < i64::MAX).ok_or(Error::NoSuchPage)?,
    };
    let page_size = get(&pairs, "page_size").and_then(|size| size.parse().ok()).filter(|size| *size >= 1);
    let page_size = page_size.map_or(PAGE_SIZE, |size: i64| size.min(PAGE_SIZE));
    Ok(ListQuery { path: path.to_owned(), pairs, page, page_size })
}

/// A text that can be looked for.
fn cleaned(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SEARCH).collect();
    text.trim().to_owned()
}

/// The last value of that name.
fn get<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> ListQuery {
        read("/api/prompts/", query).unwrap()
    }

    #[test]
    fn a_list_ends_and_its_first_page_is_always_there() {
        let public_url: Url = "https://keys.example.com/".parse().unwrap();
        let page = |query: &str, count| asked(query).page::<()>(&public_url, count, Vec::new());
        assert!(page("", 0).is_ok() && page("page=1", 0).is_ok() && page("page=2&page_size=1", 2).is_ok());
        for (query, count) in
            [("page=2", 0), ("page=2", 100), ("page=3&page_size=1", 2), ("page=9223372036854775806", 9)]
        {
            assert!(matches!(page(query, count), Err(Error::NoSuchPage)), "{query}");
        }
        for query in ["page=0", "page=-1", "page=x", "page=9223372036854775807", "page=99999999999999999999"] {
            assert!(matches!(read("/", query), Err(Error::NoSuchPage)), "{query}");
        }
        let page = page("search=a%26b&page=2&page_size=2", 5).unwrap();
        let address = "https://keys.example.com/api/prompts/?search=a%26b&page_size=2&page=";
        assert_eq!((page.next, page.previous), (Some(format!("{address}3")), Some(format!("{address}1"))));
    }

    #[test]
    fn what_cannot_be_understood_is_ignored() {
        for (query, limit) in [("page_size=1000", 100), ("page_size=0", 100), ("page_size=x", 100), ("page_size=7", 7)]
        {
            assert_eq!(asked(query).listing().limit, limit, "{query}");
        }
        assert_eq!(asked("ordering=-password,title").listing().order, Order::named("title").unwrap());
        assert_eq!(asked("ordering=id%3B--").listing().order, Order::NEWEST);
        assert_eq!(asked("search=%00a%20%20b%0A").listing().words, ["a", "b"]);
        assert_eq!(asked("ids=1,x,2").listing().ids, Some(vec![1, 2]));
    }
}
