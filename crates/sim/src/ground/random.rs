//! One random stream per purpose, so that a new draw in one place does not reshuffle what old links show elsewhere.

/// SplitMix64: the sequence is frozen for as long as links live.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stream(u64);

impl Stream {
    pub fn new(seed: u64, purpose: &str) -> Stream {
        let salt =
            purpose.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        Stream(mix(seed ^ salt))
    }
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }
    /// A number below `bound`; 0 if the bound is 0. The bias of the multiplication is below 2^-32 for small bounds.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }
    /// Five characters of the alphabet that Kubernetes draws names from.
    ///
    /// Upstream: `rand.String`.
    pub fn suffix(&mut self) -> String {
        const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..5).map(|_| char::from(ALPHABET[self.below(27) as usize])).collect()
    }
}

/// A bijection on 64-bit numbers that looks random.
pub fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The streams of a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Streams {
    pub names: Stream,
    pub uids: Stream,
    /// Uids of events: what components say must not change who the pods are.
    pub events: Stream,
    pub addresses: Stream,
    pub kubelet: Stream,
    pub scheduler: Stream,
    /// Uids of accounts and of the cluster's own Services, and names of the volumes with pods' tokens: an account says nothing about who the pods are.
    pub accounts: Stream,
}

impl Streams {
    pub fn new(seed: u64) -> Streams {
        Streams {
            names: Stream::new(seed, "names"),
            uids: Stream::new(seed, "uids"),
            events: Stream::new(seed, "events"),
            addresses: Stream::new(seed, "addresses"),
            kubelet: Stream::new(seed, "kubelet"),
            scheduler: Stream::new(seed, "scheduler"),
            accounts: Stream::new(seed, "accounts"),
        }
    }
}
