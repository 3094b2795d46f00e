#if SndFile
  import CSndFile
  import RNNTensor

  /// Reads what libsndfile reads: FLAC, Ogg, MP3, AIFF, WAV of any encoding, and more.
  enum SndFile {
    /// Frames taken at once.
    private static let block = 4096
    /// The most samples of a file, as many as the largest WAV of bytes has.
    private static let most = WAV.largest

    /// The sound in a file; nil for a format that libsndfile doesn't know.
    ///
    /// - Throws: `.badData` with what libsndfile says.
    static func sound(contentsOf path: String, channel: Int? = nil) throws(RNNError) -> Sound? {
      var information = SF_INFO()
      guard let file = sf_open(path, Int32(SFM_READ), &information) else { return nil }
      defer { sf_close(file) }
      let (channels, rate) = (Int(information.channels), Int(information.samplerate))
      guard (1...Sound.mostChannels).contains(channels), Sound.rates.contains(rate) else { throw Sound.wrong(channels, rate, path) }
      try Sound.check(channel, of: channels, path)
      var samples: [Float] = [], frames = [Float](repeating: 0, count: block * channels)
      while true {
        let count = Int(sf_readf_float(file, &frames, sf_count_t(block)))
        if count <= 0 { break }
        guard samples.count + count <= most else { throw RNNError(.badData, "\(path): longer than expected, at most \(most) samples") }
        samples += try frames.withUnsafeBytes { bytes in
          Result { () throws(RNNError) in
            let read = UnsafeRawBufferPointer(rebasing: bytes[..<(count * channels * SampleFormat.f32.size)])
            return try SampleFormat.f32.samples(read, channels: channels, channel: channel, first: samples.count + 1, name: path)
          }
        }.get()
      }
      guard sf_error(file) == 0 else { throw RNNError(.badData, "\(path): libsndfile says: \(String(cString: sf_strerror(file)))") }
      return Sound(samples: samples, rate: rate)
    }
  }
#endif
