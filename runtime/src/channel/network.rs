//! What a link can do: its round trip time and its rate.

use std::str::FromStr;
use std::time::Duration;

/// What a link can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// From sending to hearing the answer.
    pub rtt: Duration,
    /// In either direction.
    pub bits_per_second: u64,
}

impl Network {
    /// Two processes of one machine.
    pub const LOCAL: Network = Network { rtt: Duration::from_micros(50), bits_per_second: 20_000_000_000 };
    /// Two machines of one organisation.
    pub const LAN: Network = Network { rtt: Duration::from_micros(500), bits_per_second: 1_000_000_000 };
    /// Two organisations.
    pub const WAN: Network = Network { rtt: Duration::from_millis(40), bits_per_second: 100_000_000 };

    /// An office behind a cable or DSL line, at what it can send.
    pub const CABLE: Network = Network { rtt: Duration::from_millis(25), bits_per_second: 40_000_000 };

    /// What a link with this round trip time most likely is.
    #[must_use]
    pub fn guess(rtt: Duration) -> Network {
        let likely = match rtt {
            rtt if rtt < Duration::from_micros(200) => Network::LOCAL,
            rtt if rtt < Duration::from_millis(5) => Network::LAN,
            _ => Network::WAN,
        };
        Network { rtt, ..likely }
    }

    /// How long so many bytes take to leave.
    #[must_use]
    pub fn time_of(&self, n_bytes: u64) -> Duration {
        let seconds = 8.0 * n_bytes as f64 / self.bits_per_second as f64;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// Text that names no link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {0:?}; expected local, lan, wan, cable, or RTT,RATE such as 40ms,100Mbit")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;

    /// `local`, `lan`, `wan`, `cable`, or a time and a rate: `40ms,100Mbit`.
    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let parsed = match text {
            "local" => Some(Network::LOCAL),
            "lan" => Some(Network::LAN),
            "wan" => Some(Network::WAN),
            "cable" => Some(Network::CABLE),
            _ => text.split_once(',').and_then(|(rtt, rate)| {
                let seconds = quantity(rtt, &[("us", 1e-6), ("ms", 1e-3), ("s", 1.0)])?;
                let bits = quantity(rate, &[("kbit", 1e3), ("Mbit", 1e6), ("Gbit", 1e9)])?;
                Some(Network { rtt: Duration::try_from_secs_f64(seconds).ok()?, bits_per_second: bits as u64 })
            }),
        };
        parsed.filter(|network| network.bits_per_second > 0).ok_or_else(|| NotANetwork(text.to_owned()))
    }
}

/// A number with one of these units.
fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let in_unit = |&(unit, factor): &(&str, f64)| {
        let number: f64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number * factor)
    };
    units.iter().find_map(in_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_named_or_described() {
        assert_eq!("wan".parse(), Ok(Network::WAN));
        assert_eq!("cable".parse(), Ok(Network::CABLE));
        let network = |micros, bits_per_second| Ok(Network { rtt: Duration::from_micros(micros), bits_per_second });
        assert_eq!("40ms,100Mbit".parse(), network(40_000, 100_000_000));
        assert_eq!("0.25s, 64kbit".parse(), network(250_000, 64_000));
        assert_eq!("80us,10Gbit".parse(), network(80, 10_000_000_000));
        for bad in
            ["", "moon", "40,100", "40ms", "40ms,0Mbit", "-1ms,1Mbit", "nanms,1Mbit", "1e99s,1Mbit", "1ms,infMbit"]
        {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_round_trip_time_tells_most_likely_what_the_link_is() {
        let rate = |micros| Network::guess(Duration::from_micros(micros)).bits_per_second;
        assert!(rate(50) > rate(500) && rate(500) > rate(40_000));
    }
}
