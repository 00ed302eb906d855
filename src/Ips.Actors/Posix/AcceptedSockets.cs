using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Ips.Actors.Posix;

/// <summary>Makes Sockets of the descriptors that one listening socket accepted.</summary>
/// <remarks>
/// <c>new Socket(handle)</c> asks the kernel eight things about a descriptor, which is a twentieth of a connection with a single request. A
/// Socket that accepts by itself knows the answers and passes them on, by a method that is not public; where a runtime does not have it,
/// the public way is taken.
/// </remarks>
internal sealed class AcceptedSockets
{
    private const string ShortWay = "CreateAcceptSocket";

    private static readonly bool s_hasShortWay =
        typeof(Socket).GetMethod(ShortWay, BindingFlags.Instance | BindingFlags.NonPublic,
            [typeof(SafeSocketHandle), typeof(EndPoint)])?.ReturnType == typeof(Socket);

    private readonly Socket? _listening;

    private AcceptedSockets(Socket? listening) => _listening = listening;

    /// <summary>Whether this runtime has the short way.</summary>
    internal bool IsShort => _listening is not null;

    /// <summary>For what a listening socket accepts.</summary>
    /// <param name="listenFd">Looked at now, and never used again.</param>
    internal static AcceptedSockets Of(int listenFd)
    {
        // It owns nothing, never waits, and is never disposed of nor finalized (docs/pitfalls.md, 1).
        var listening = new Socket(new SafeSocketHandle(listenFd, ownsHandle: false));
#pragma warning disable CA1816 // its finalizer would disconnect the listening socket
        GC.SuppressFinalize(listening);
#pragma warning restore CA1816
        _ = listening.LocalEndPoint; // kept, and passed on unless it is a wildcard
        // compiled now, not while the first client waits
        if (s_hasShortWay) RuntimeHelpers.PrepareMethod(((Delegate)Create).Method.MethodHandle);
        return new AcceptedSockets(s_hasShortWay ? listening : null);
    }

    /// <summary>The Socket of an accepted descriptor, which it owns.</summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="peer">Who is at the other end, if that is known: else the kernel is asked when somebody looks.</param>
    internal Socket Open(int fd, IPEndPoint? peer = null)
    {
        var handle = new SafeSocketHandle(fd, ownsHandle: true);
        return _listening is null ? new Socket(handle) : Create(_listening, handle, peer);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = ShortWay)]
    private static extern Socket Create(Socket listening, SafeSocketHandle accepted, EndPoint? remote);
}
