// A gin server that replaces itself as many a tutorial shows: on SIGUSR2 it starts its own program with the listening socket as descriptor 3,
// and shuts down at once, without waiting for the child to serve.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
)

const inherited = "PING_LISTENER_INHERITED"

func open(address string) (net.Listener, error) {
	if os.Getenv(inherited) == "" {
		return net.Listen("tcp", address)
	}
	file := os.NewFile(3, "listener")
	defer file.Close()
	return net.FileListener(file)
}

func spawn(listener net.Listener) error {
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer file.Close()
	child := exec.Command(os.Args[0], os.Args[1:]...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.ExtraFiles = []*os.File{file}
	child.Env = append(os.Environ(), inherited+"=1")
	return child.Start()
}

func main() {
	address := flag.String("listen", "", "address to listen on")
	pidFile := flag.String("pid-file", "", "path of the PID file")
	flag.Parse()

	listener, err := open(*address)
	if err != nil {
		log.Fatalln(err)
	}

	pid := strconv.Itoa(os.Getpid())
	engine := gin.New()
	engine.GET("/ping", func(c *gin.Context) {
		c.Header("X-Ips-Generation", pid)
		c.String(http.StatusOK, "pong")
	})
	server := &http.Server{Handler: engine, IdleTimeout: 75 * time.Second}
	go func() {
		if err := server.Serve(listener); err != http.ErrServerClosed {
			log.Fatalln(err)
		}
	}()
	if err := os.WriteFile(*pidFile+".new", []byte(pid), 0o644); err != nil {
		log.Fatalln(err)
	}
	if err := os.Rename(*pidFile+".new", *pidFile); err != nil {
		log.Fatalln(err)
	}

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2, syscall.SIGTERM)
	for caught := range signals {
		if caught == syscall.SIGTERM {
			break
		}
		if err := spawn(listener); err != nil {
			log.Println("reload:", err)
			continue
		}
		break
	}
	limit, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		log.Println("shutdown:", err)
	}
}
