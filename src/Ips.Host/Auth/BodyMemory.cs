using Ips.Host.Api;
using Microsoft.Extensions.Options;

namespace Ips.Host.Auth;

/// <summary>Counts the memory of all bodies that are being read or acted on: who knows a key's name, but not its secret, can send bodies too.</summary>
/// <remarks>Nobody waits for it: a sender who holds some while it waits for more would keep others waiting as long as it likes.</remarks>
internal sealed class BodyMemory(IOptions<ApiOptions> options)
{
    private long _usedBytes;

    /// <summary>Takes some, or nothing if there is not enough.</summary>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _usedBytes, bytes) <= options.Value.BodyMemorySizeBytes) return true;
        GiveBack(bytes);
        return false;
    }

    /// <summary>Gives back what was taken.</summary>
    public void GiveBack(int bytes) => Interlocked.Add(ref _usedBytes, -bytes);
}
