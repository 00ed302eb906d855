namespace Ips.Actors.Handover;

/// <summary>What travels of an upgraded connection beside its socket. Its bytes may hold secrets: they reach neither a disk nor a
/// log.</summary>
/// <param name="RequestHead">The head of the request that was upgraded, to the empty line.</param>
/// <param name="Answer">What was agreed with the client.</param>
/// <param name="Identity">A digest of whom the app has authenticated.</param>
/// <param name="Received">What the client has sent and the app has not seen.</param>
/// <param name="Unsent">What the app has sent and the client has not been sent: it ends with a whole frame.</param>
/// <param name="State">What the app keeps of this client; null where it has none.</param>
internal sealed record UpgradeParcel(
    byte[] RequestHead, UpgradeAnswer Answer, byte[] Identity, ReadOnlyMemory<byte> Received, ReadOnlyMemory<byte> Unsent,
    UpgradeState? State)
{
    /// <summary>The descriptor of the connection to the backend, owned with the socket's; -1 for one that is not a tunnel.</summary>
    public int Backend { get; init; } = -1;

    /// <summary>The largest head of a request: twice what Kestrel reads by default.</summary>
    public const int MaxHeadBytes = 80 * 1024;

    /// <summary>The largest value of a header of the answer.</summary>
    public const int MaxAnswerBytes = 4 * 1024;

    /// <summary>The largest digest.</summary>
    public const int MaxIdentityBytes = 64;

    /// <summary>The most of <see cref="Received"/>: what Kestrel's input holds by default, and what is received at once.</summary>
    public const int MaxReceivedBytes = (1024 + 128) * 1024;

    /// <summary>The most of <see cref="Unsent"/>: four times what Kestrel's output holds by default.</summary>
    public const int MaxUnsentBytes = 256 * 1024;

    /// <summary>The largest state, whatever is configured.</summary>
    public const int MaxStateBytes = 1024 * 1024;

    /// <summary>Whether each part is within its limit.</summary>
    public bool Fits => RequestHead.Length <= MaxHeadBytes && Received.Length <= MaxReceivedBytes && Unsent.Length <= MaxUnsentBytes
        && (State?.Bytes.Length ?? 0) <= MaxStateBytes && Answer.Accept.Length <= MaxAnswerBytes
        && Answer.Protocol.Length <= MaxAnswerBytes && Answer.Extensions.Length <= MaxAnswerBytes && Identity.Length <= MaxIdentityBytes;

    /// <summary>The largest parcel.</summary>
    public const int MaxBytes =
        64 + MaxHeadBytes + (3 * MaxAnswerBytes) + MaxIdentityBytes + MaxReceivedBytes + MaxUnsentBytes + MaxStateBytes;
}

/// <summary>The headers of a 101 that the client acts on; empty where one was not sent.</summary>
/// <param name="Accept"><c>Sec-WebSocket-Accept</c>.</param>
/// <param name="Protocol"><c>Sec-WebSocket-Protocol</c>.</param>
/// <param name="Extensions"><c>Sec-WebSocket-Extensions</c>.</param>
internal sealed record UpgradeAnswer(string Accept, string Protocol, string Extensions);

/// <summary>What an app keeps of a client.</summary>
/// <param name="Version">Of the form of the bytes, as the app counts it.</param>
/// <param name="Bytes">The state.</param>
internal sealed record UpgradeState(int Version, byte[] Bytes);
