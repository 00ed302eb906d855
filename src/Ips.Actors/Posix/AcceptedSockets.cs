using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Ips.Actors.Posix;

/// <summary>Makes Sockets of the descriptors that one listening socket accepted.</summary>
/// <remarks>
/// <c>new Socket(handle)</c> asks the kernel eight things about a descriptor, which is a twentieth of a connection with a single request. A
/// Socket that accepts by itself knows the answers and passes them on, by a method that is not public. So is the note that a descriptor is
/// non-blocking already, which saves two more calls. Where a runtime does not have them, the public way is taken.
/// </remarks>
internal sealed class AcceptedSockets
{
    private const string ShortWay = "CreateAcceptSocket";

    private static readonly bool s_hasShortWay =
        typeof(Socket).GetMethod(ShortWay, BindingFlags.Instance | BindingFlags.NonPublic,
            [typeof(SafeSocketHandle), typeof(EndPoint)])?.ReturnType == typeof(Socket);

    private const string Context = "System.Net.Sockets.SocketAsyncContext, System.Net.Sockets";
    private const string ContextOf = "get_AsyncContext";
    private const string NonBlocking = "_isHandleNonBlocking";

    private static readonly bool s_hasNote =
        typeof(SafeSocketHandle).GetMethod(ContextOf, BindingFlags.Instance | BindingFlags.NonPublic, []) is { } context
            && context.ReturnType == Type.GetType(Context)
            && context.ReturnType.GetField(NonBlocking, BindingFlags.Instance | BindingFlags.NonPublic)?.FieldType == typeof(bool);

    private readonly Socket? _listening;

    private AcceptedSockets(Socket? listening) => _listening = listening;

    /// <summary>Whether this runtime has the short way.</summary>
    internal bool IsShort => _listening is not null;

    /// <summary>Whether this runtime has the note.</summary>
    internal static bool HasNote => s_hasNote;

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
        if (s_hasNote) Note(listening.SafeHandle, nonBlocking: true);
        return new AcceptedSockets(s_hasShortWay ? listening : null);
    }

    /// <summary>The Socket of an accepted descriptor, which it owns.</summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="peer">Who is at the other end, if that is known: else the kernel is asked when somebody looks.</param>
    /// <param name="nonBlocking">It is known to be non-blocking: <c>Blocking = false</c> then does not ask the kernel.</param>
    internal Socket Open(int fd, IPEndPoint? peer = null, bool nonBlocking = false)
    {
        var handle = new SafeSocketHandle(fd, ownsHandle: true);
        if (nonBlocking && s_hasNote) Note(handle, nonBlocking);
        return _listening is null ? new Socket(handle) : Create(_listening, handle, peer);
    }

    private static void Note(SafeSocketHandle handle, bool nonBlocking) => IsNonBlocking(AsyncContext(handle)) = nonBlocking;

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = ShortWay)]
    private static extern Socket Create(Socket listening, SafeSocketHandle accepted, EndPoint? remote);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = ContextOf)]
    [return: UnsafeAccessorType(Context)]
    private static extern object AsyncContext(SafeSocketHandle handle);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = NonBlocking)]
    private static extern ref bool IsNonBlocking([UnsafeAccessorType(Context)] object context);
}
