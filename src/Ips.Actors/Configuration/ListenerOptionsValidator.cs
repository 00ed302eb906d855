namespace Ips.Actors.Configuration;

/// <summary>Validates <see cref="ListenerOptions"/> against <see cref="IpsKeys.Listener"/>.</summary>
internal sealed class ListenerOptionsValidator() : TableValidator<ListenerOptions>(IpsKeys.Listener);
