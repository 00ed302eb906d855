using System.Buffers.Binary;
using System.Text;

namespace Ips.Actors.Handover;

/// <summary>What travels of a tunnel as its state: where the frames to the client stand, and the backend's 101. Its headers may hold
/// secrets: they reach neither a disk nor a log.</summary>
/// <param name="Frames">The place in the frames to the client.</param>
/// <param name="Headers">The headers of the backend's 101, in order.</param>
internal sealed record TunnelState(byte[] Frames, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>The largest one.</summary>
    public const int MaxBytes = 128 * 1024;

    private const int Form = 1;

    /// <summary>It as the state of a parcel.</summary>
    public UpgradeState Encode()
    {
        var bytes = new List<byte>();
        Add(Frames);
        foreach (var (name, value) in Headers)
        {
            Add(Encoding.UTF8.GetBytes(name));
            Add(Encoding.UTF8.GetBytes(value));
        }

        return new UpgradeState(Form, [.. bytes]);

        void Add(byte[] part)
        {
            var length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
            bytes.AddRange(length);
            bytes.AddRange(part);
        }
    }

    /// <summary>The tunnel's state of a parcel; null if it is none.</summary>
    public static TunnelState? TryDecode(UpgradeState? state)
    {
        if (state is not { Version: Form, Bytes.Length: <= MaxBytes }) return null;
        var parts = new List<byte[]>();
        var rest = state.Bytes.AsSpan();
        while (!rest.IsEmpty)
        {
            var length = rest.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(rest);
            if (length < 0 || length > rest.Length - sizeof(int)) return null;
            parts.Add(rest.Slice(sizeof(int), length).ToArray());
            rest = rest[(sizeof(int) + length)..];
        }

        if (parts.Count % 2 == 0) return null;
        var headers = new List<KeyValuePair<string, string>>();
        for (var i = 1; i < parts.Count; i += 2)
            headers.Add(new KeyValuePair<string, string>(Encoding.UTF8.GetString(parts[i]), Encoding.UTF8.GetString(parts[i + 1])));
        return new TunnelState(parts[0], headers);
    }
}
