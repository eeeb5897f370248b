//! A host product's colour, made fit to be read.

/// A colour that buttons and links take on inside another product's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    red: u8,
    green: u8,
    blue: u8,
}

/// Text must stand out from its ground by 4.5 : 1 (WCAG 2.2, 1.4.3). We ask for more, because the grounds are
/// not quite white and not quite black.
const ENOUGH: f64 = 5.4;
/// The darkest and the lightest ground that text in the accent's colour stands on.
const WHITE: Accent = Accent { red: 255, green: 255, blue: 255 };
const NIGHT: Accent = Accent { red: 0x26, green: 0x24, blue: 0x22 };

impl Accent {
    /// Reads `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self { red: pair(0)?, green: pair(2)?, blue: pair(4)? })
    }

    /// The six digits.
    #[must_use]
    pub fn digits(self) -> String {
        format!("{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }

    /// A style sheet that gives the pages this colour, darkened or lightened as far as reading asks for.
    #[must_use]
    pub fn css(self) -> String {
        let solid = self.toward(Self { red: 0, green: 0, blue: 0 }, WHITE);
        let pale = self.toward(WHITE, NIGHT);
        let (solid, pale) = (solid.digits(), pale.digits());
        format!(
            "@layer tokens{{:root{{--accent:#{solid};--accent-hover:color-mix(in oklab,#{solid} 88%,#000);\
             --accent-ink:#{solid};--accent-soft:color-mix(in oklab,#{solid} 9%,var(--surface));--focus:#{solid}}}\
             @supports (color:light-dark(red,blue)){{:root{{--accent-ink:light-dark(#{solid},#{pale});\
             --focus:light-dark(#{solid},#{pale})}}}}}}"
        )
    }

    /// The same hue, as near to the colour as its contrast to the ground allows.
    fn toward(self, end: Self, ground: Self) -> Self {
        const STEPS: u16 = 64;
        let mixed = (0..=STEPS).map(|step| self.mixed(end, step, STEPS));
        mixed.clone().find(|colour| colour.contrast(ground) >= ENOUGH).unwrap_or(end)
    }

    fn mixed(self, other: Self, step: u16, of: u16) -> Self {
        let mix = |a: u8, b: u8| {
            let sum = u16::from(a) * (of - step) + u16::from(b) * step;
            u8::try_from(sum / of).unwrap_or(u8::MAX)
        };
        Self { red: mix(self.red, other.red), green: mix(self.green, other.green), blue: mix(self.blue, other.blue) }
    }

    /// WCAG's contrast ratio, 1 to 21.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG's relative luminance, 0 to 1.
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let part = f64::from(channel) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_colour_is_six_digits_after_a_hash() {
        assert_eq!(Accent::parse("#12503C").map(Accent::digits).as_deref(), Some("12503c"));
        for bad in ["", "#", "12503c", "#12503", "#12503cc", "#12503g", "#ééé", "red", "#12503c;}"] {
            assert_eq!(Accent::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays_as_it_is() {
        let green = Accent::parse("#12503c").unwrap();
        assert!(green.css().contains("--accent:#12503c;"), "{}", green.css());
        assert!((Accent::parse("#000000").unwrap().contrast(WHITE) - 21.0).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn every_colour_ends_up_legible_on_both_grounds(red: u8, green: u8, blue: u8) {
            let colour = Accent { red, green, blue };
            let solid = colour.toward(Accent { red: 0, green: 0, blue: 0 }, WHITE);
            prop_assert!(solid.contrast(WHITE) >= 4.5);
            prop_assert!(colour.toward(WHITE, NIGHT).contrast(NIGHT) >= 4.5);
            prop_assert_eq!(Accent::parse(&format!("#{}", colour.digits())), Some(colour));
        }
    }
}
