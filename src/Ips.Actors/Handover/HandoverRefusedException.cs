namespace Ips.Actors.Handover;

/// <summary>This process was started to take a service over and cannot; the running generation keeps serving. Thrown by <c>AddIps()</c>.</summary>
public sealed class HandoverRefusedException : IOException
{
    internal HandoverRefusedException(string reason)
        : base($"The handover failed: {reason}.")
    {
    }
}
