//! One cookie jar for each page around a frame (CHIPS): browsers that block cookies of other sites keep those that
//! ask for a jar of their own. The attribute is younger than the cookie crate of `actix-web`.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;

use super::session_store::EMBED_COOKIE;

/// Completes the lines that set or delete the frame's session cookie, as a middleware around its session.
///
/// # Errors
/// The inner service's error.
pub async fn complete<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let mut response = next.call(request).await?;
    partition(response.headers_mut());
    Ok(response)
}

fn partition(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.remove(header::SET_COOKIE).collect();
    for cookie in cookies {
        headers.append(header::SET_COOKIE, partitioned(&cookie).unwrap_or(cookie));
    }
}

/// The line with the attribute, if it is one of ours.
fn partitioned(cookie: &HeaderValue) -> Option<HeaderValue> {
    let line = cookie.to_str().ok()?;
    let (name, _) = line.split_once('=')?;
    if name != EMBED_COOKIE {
        return None;
    }
    HeaderValue::from_str(&format!("{line}; Partitioned")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_frames_cookie_gets_a_jar_of_its_own() {
        let mut headers = HeaderMap::new();
        for line in ["__Host-embed=a; Secure", "__Host-visitor=b; Secure", "__Host-embed=; Max-Age=0"] {
            headers.append(header::SET_COOKIE, HeaderValue::from_static(line));
        }
        partition(&mut headers);
        let lines: Vec<_> = headers.get_all(header::SET_COOKIE).map(|line| line.to_str().unwrap()).collect();
        let expected = [
            "__Host-embed=a; Secure; Partitioned",
            "__Host-visitor=b; Secure",
            "__Host-embed=; Max-Age=0; Partitioned",
        ];
        assert_eq!(lines, expected);
    }
}
