// A server on tableflip, by the example of its documentation: SIGHUP starts the next one, and the old one drains once that one is ready.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/cloudflare/tableflip"
)

func main() {
	listen := flag.String("listen", "", "address to listen on")
	pidFile := flag.String("pid-file", "", "path of the PID file")
	flag.Parse()

	upgrader, err := tableflip.New(tableflip.Options{PIDFile: *pidFile})
	if err != nil {
		log.Fatalln(err)
	}
	defer upgrader.Stop()

	go func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGHUP)
		for range signals {
			if err := upgrader.Upgrade(); err != nil {
				log.Println("upgrade:", err)
			}
		}
	}()

	listener, err := upgrader.Listen("tcp", *listen)
	if err != nil {
		log.Fatalln(err)
	}

	pid := strconv.Itoa(os.Getpid())
	http.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Ips-Generation", pid)
		fmt.Fprint(w, "pong")
	})
	server := http.Server{IdleTimeout: 75 * time.Second}
	go func() {
		if err := server.Serve(listener); err != http.ErrServerClosed {
			log.Fatalln(err)
		}
	}()

	if err := upgrader.Ready(); err != nil {
		log.Fatalln(err)
	}
	<-upgrader.Exit()

	limit, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		log.Println("shutdown:", err)
	}
}
