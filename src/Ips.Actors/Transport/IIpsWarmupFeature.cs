namespace Ips.Actors.Transport;

/// <summary>Marks a request that Ips sent itself, without the network, to warm the app up before it serves: then
/// <c>context.Features.Get&lt;IIpsWarmupFeature&gt;()</c> is not null. Leave such requests out of access logs and metrics; no client sees
/// their responses.</summary>
public interface IIpsWarmupFeature;
