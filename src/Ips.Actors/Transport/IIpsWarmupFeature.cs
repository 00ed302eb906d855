namespace Ips.Actors.Transport;

/// <summary>Marks a request that Ips sent itself, without the network, to warm the app up before it serves: <c>context.Features.Get&lt;IIpsWarmupFeature&gt;()</c>
/// is not null. Access logs and metrics leave such requests out; no client sees their answers.</summary>
public interface IIpsWarmupFeature;
