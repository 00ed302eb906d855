namespace Ips.Actors.Handover;

/// <summary>This process was started as a successor and cannot take over; the predecessor serves on.</summary>
public sealed class HandoverRefusedException : IOException
{
    /// <param name="reason">Why, as a clause.</param>
    public HandoverRefusedException(string reason)
        : base($"The handover failed: {reason}.")
    {
    }
}
