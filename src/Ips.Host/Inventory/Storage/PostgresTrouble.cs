using System.Net.Sockets;
using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>What an error of Npgsql says of the store. Pure. See https://www.postgresql.org/docs/current/errcodes-appendix.html.</summary>
internal static class PostgresTrouble
{
    private const string Cancelled = "57014";

    /// <summary>What is wrong; null if the error is no word on the store itself.</summary>
    /// <param name="error">The error.</param>
    /// <param name="commitSent">Whether the commit was on its way.</param>
    public static StoreTrouble? Of(Exception error, bool commitSent) => error switch
    {
        PostgresException { SqlState: "53100" } => StoreTrouble.Full,
        PostgresException { SqlState: "25006" } => StoreTrouble.ReadOnly,
        PostgresException { SqlState: "XX001" or "XX002" } => StoreTrouble.Corrupt,
        // The server has answered, and not with a commit: it was not made. But one that is told to go down in the middle cannot tell.
        PostgresException { SqlState: var state } when IsServers(state) => commitSent && IsLost(state) ? StoreTrouble.InDoubt
            : StoreTrouble.Away,
        PostgresException => null,
        NpgsqlException or SocketException or TimeoutException or IOException or OperationCanceledException =>
            commitSent ? StoreTrouble.InDoubt : StoreTrouble.Away,
        _ => null,
    };

    /// <summary>Whether a connection was lost or refused, and another may do: the pool keeps connections that the server has closed until
    /// they are used.</summary>
    public static bool IsBroken(Exception error) => error switch
    {
        PostgresException { SqlState: Cancelled } => true, // a cancel request of a call before, on the same connection
        PostgresException { SqlState: var state } => IsLost(state),
        NpgsqlException { InnerException: IOException or SocketException } => true,
        _ => false,
    };

    /// <summary>Whether the server has no connection left for us: one of our own, or of somebody else's, may soon be free.</summary>
    public static bool IsFull(Exception error) => error is PostgresException { SqlState: "53300" or "53400" };

    // Classes: connection, authorization, no such database, resources, operator intervention, system.
    private static bool IsServers(string state) => state[..2] is "08" or "28" or "3D" or "53" or "57" or "58";

    private static bool IsLost(string state) => state is "57P01" or "57P02" or "57P03" or "57P05"
        || state.StartsWith("08", StringComparison.Ordinal);
}
