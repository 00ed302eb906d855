using Ips.Actors.Hosting;
using Ips.Actors.Supervise;
using Ips.Host;
using Ips.Host.Cli;

return await CliProgram.RunAsync(
    args,
    // On a terminal the shell waits for the process that it started, so that one stays while generations come and go below it.
    serve: (settings, _) => StableParent.IsNeeded() ? Task.Run(() => StableParent.Run(settings.Ips.PidFile!)) : Daemon.ServeAsync(settings),
    spawn: launch => DetachedProcess.Start(launch.FileName, launch.Arguments, launch.Environment, launch.WorkingDirectory, launch.Descriptors));
