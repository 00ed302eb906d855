using Ips.Actors.Hosting;
using Ips.Host;
using Ips.Host.Cli;

return await CliProgram.RunAsync(
    args,
    serve: (settings, _) => Daemon.ServeAsync(settings),
    spawn: launch => DetachedProcess.Start(launch.FileName, launch.Arguments, launch.Environment, "/", launch.Descriptors));
