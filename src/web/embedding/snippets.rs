//! What the host's developers copy: code with this organization's own values in it.

use crate::domain::embedding::EmbedId;

/// A piece of code.
pub struct Snippet {
    /// Unique on the page.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What to know about it.
    pub advice: &'static str,
    /// The code.
    pub code: String,
}

/// All of them, in the order in which somebody needs them.
#[must_use]
pub fn all(origin: &str, embed_id: &EmbedId) -> Vec<Snippet> {
    let filled = |code: &str| code.replace("https://keys.example.com", origin).replace("EMBED_ID", embed_id.as_str());
    vec![
        Snippet {
            id: "kit",
            title: "In the page",
            advice: "The script makes the frame, launches it, and lets its height follow. “launch” is an address of \
                     your own server that answers with a signed token.",
            code: filled(include_str!("../../../docs/embedding/kit.html")),
        },
        Snippet {
            id: "plain",
            title: "In the page, without script",
            advice: "A form of yours posts the token into the frame.",
            code: filled(include_str!("../../../docs/embedding/plain.html")),
        },
        Snippet {
            id: "python",
            title: "On your server: Python",
            advice: "With PyJWT and a shared key.",
            code: filled(include_str!("../../../docs/embedding/sign_launch.py")),
        },
        Snippet {
            id: "node",
            title: "On your server: Node",
            advice: "With nothing but Node and a key pair of your own.",
            code: filled(include_str!("../../../docs/embedding/sign_launch.mjs")),
        },
        Snippet {
            id: "rust",
            title: "On your server: Rust",
            advice: "With the crate jsonwebtoken and a shared key.",
            code: filled(include_str!("../../../docs/embedding/sign_launch.rs")),
        },
    ]
}
