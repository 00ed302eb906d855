namespace Ips.Actors.Configuration;

/// <summary>Validates <see cref="ListenerOptions"/> against <see cref="IpsKeys.Listener"/>.</summary>
public sealed class ListenerOptionsValidator() : TableValidator<ListenerOptions>(IpsKeys.Listener);
