//! Money in integers. One US dollar is a thousand million nano-dollars, so that a tenth of a cent for a
//! million tokens is still whole.

use std::fmt;

/// Nano-dollars in a dollar.
const NANO_PER_USD: i64 = 1_000_000_000;

/// An amount of US dollars, in whole nano-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoUsd(pub i64);

/// The text is no amount of money.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal number of dollars, such as 0.075")]
pub struct NotMoney;

impl NanoUsd {
    /// Reads a decimal number of dollars, exactly: `0.075`, `30.0`, `1.5e-7`.
    ///
    /// # Errors
    /// [`NotMoney`] for anything else, for a negative amount, and for one that does not fit.
    pub fn from_decimal_usd(text: &str) -> Result<Self, NotMoney> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| NotMoney)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(NotMoney);
        }
        let digits: i128 = format!("{whole}{fraction}").parse().map_err(|_| NotMoney)?;
        let shift = 9 + exponent - i32::try_from(fraction.len()).map_err(|_| NotMoney)?;
        let nano = scale(digits, shift).ok_or(NotMoney)?;
        i64::try_from(nano).map(Self).map_err(|_| NotMoney)
    }

    /// What so many tokens cost at this price of a million, rounded up to a whole nano-dollar.
    #[must_use]
    pub fn for_tokens(self, n_tokens: u64) -> Self {
        let nano = (i128::from(self.0) * i128::from(n_tokens)).max(0) as u128;
        Self(i64::try_from(nano.div_ceil(1_000_000)).unwrap_or(i64::MAX))
    }
}

/// `digits × 10^shift`, exactly; `None` if that is no whole number or overflows.
fn scale(digits: i128, shift: i32) -> Option<i128> {
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 {
        return digits.checked_mul(power);
    }
    (digits % power == 0).then_some(digits / power)
}

impl fmt::Display for NanoUsd {
    /// Dollars with as many decimals as the amount needs, two at least: `$2.50`, `$0.075`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, nano) = (self.0 / NANO_PER_USD, (self.0 % NANO_PER_USD).abs());
        let decimals = format!("{nano:09}");
        let needed = decimals.trim_end_matches('0').len().max(2);
        write!(f, "${dollars}.{}", &decimals[..needed])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_of_the_catalogue_are_read_exactly() {
        assert_eq!(NanoUsd::from_decimal_usd("0.0375"), Ok(NanoUsd(37_500_000)));
        assert_eq!(NanoUsd::from_decimal_usd("30.0"), Ok(NanoUsd(30_000_000_000)));
        assert_eq!(NanoUsd::from_decimal_usd("1.5e-7"), Ok(NanoUsd(150)));
        for text in ["", ".5", "-1", "1,5", "1e-10", "NaN", "1e99999"] {
            assert_eq!(NanoUsd::from_decimal_usd(text), Err(NotMoney), "{text}");
        }
    }

    #[test]
    fn tokens_cost_their_share_of_a_million() {
        let price = NanoUsd(2_500_000_000);
        assert_eq!([0, 1, 1_000_000].map(|n| price.for_tokens(n)), [NanoUsd(0), NanoUsd(2_500), price]);
        assert_eq!(NanoUsd(1).for_tokens(1), NanoUsd(1));
        assert_eq!(price.for_tokens(u64::MAX), NanoUsd(i64::MAX));
    }

    #[test]
    fn amounts_print_with_two_decimals_or_as_many_as_they_need() {
        assert_eq!(NanoUsd(2_500_000_000).to_string(), "$2.50");
        assert_eq!(NanoUsd(75_000_000).to_string(), "$0.075");
    }
}
