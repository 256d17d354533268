#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <poll.h>
#include "../kselftest_harness.h"
#include "mbox_test_util.h"
FIXTURE(s){int dev,box;};
FIXTURE_SETUP(s){self->dev=mt_device();self->box=mt_mailbox(self->dev,NULL,MT_RW);ASSERT_GE(self->box,0);}
FIXTURE_TEARDOWN(s){MT_TEARDOWN(self->dev);}
static int lease(int fd, void*b,int n,struct mbox_recv*r,unsigned fl){memset(r,0,sizeof*r);r->flags=fl|MBOX_LEASE;r->buf=(uintptr_t)b;r->buf_size=n;return mt_recvmsg(fd,r);}
TEST_F(s,lease_ack_nack){
 struct mbox_recv r; char b[64];
 ASSERT_EQ(0,mt_send(self->box,"abc",4,0,0));
 ASSERT_EQ(0,lease(self->box,b,64,&r,0)); ASSERT_NE(0,r.token);
 EXPECT_EQ(1,mt_stat_of(self->box).held);
 struct mbox_nack n={.size=sizeof n,.token=r.token};
 EXPECT_EQ(0,mt_ioctl(self->box,MBOX_IOC_NACK,&n)); EXPECT_EQ(-ESTALE,mt_ioctl(self->box,MBOX_IOC_NACK,&n));
 ASSERT_EQ(0,lease(self->box,b,64,&r,0)); EXPECT_EQ(1,r.deliveries);
 n.token=r.token;n.delay=50000000; EXPECT_EQ(0,mt_ioctl(self->box,MBOX_IOC_NACK,&n));
 EXPECT_EQ(-EAGAIN,lease(self->box,b,64,&r,MBOX_DONTWAIT));
 ASSERT_EQ(0,lease(self->box,b,64,&r,0)); EXPECT_EQ(2,r.deliveries);
 struct mbox_ack a={.size=sizeof a,.token=r.token};
 EXPECT_EQ(0,mt_ioctl(self->box,MBOX_IOC_ACK,&a)); EXPECT_EQ(-ESTALE,mt_ioctl(self->box,MBOX_IOC_ACK,&a));
 EXPECT_EQ(0,mt_stat_of(self->box).held);
}
TEST_F(s,killed){
 struct mbox_recv r; char b[64];
 ASSERT_EQ(0,mt_send(self->box,"abc",4,0,0));
 pid_t p=fork(); if(!p){lease(self->box,b,64,&r,0);kill(getpid(),9);} waitpid(p,NULL,0);
 ASSERT_EQ(0,lease(self->box,b,64,&r,MBOX_DONTWAIT)); EXPECT_EQ(1,r.deliveries);
}
static void *server(void*v){int fd=*(int*)v;struct mbox_recv r={.size=sizeof r};char b[100];
 r.buf=(uintptr_t)b;r.buf_size=100;
 for(int i=0;i<1001;i++){ if(mt_recvmsg(fd,&r)) return (void*)1; b[0]++; r.reply_token=r.token;r.reply_buf=(uintptr_t)b;r.reply_len=r.len;r.reply_status=7; if(i==1000) {struct mbox_reply p={.size=sizeof p,.token=r.token,.buf=(uintptr_t)b,.len=r.len,.status=9};return (void*)(long)mt_ioctl(fd,MBOX_IOC_REPLY,&p);} }
 return NULL;}
TEST_F(s,calls){pthread_t t;pthread_create(&t,NULL,server,&self->box);
 int c=mt_open_fd(self->dev,self->box,MBOX_O_WRITE);
 for(int i=0;i<1001;i++){char q[8]="hello",a[8];struct mbox_call k={.size=sizeof k,.buf=(uintptr_t)q,.len=6,.reply_buf=(uintptr_t)a,.reply_size=8};
 ASSERT_EQ(0,mt_ioctl(c,MBOX_IOC_CALL,&k));ASSERT_EQ(6,k.reply_len);ASSERT_STREQ("iello",a);ASSERT_EQ(i==1000?9:7,k.status);ASSERT_EQ(0,k.id);}
 void*x;pthread_join(t,&x);ASSERT_EQ(NULL,x);}
TEST_F(s,server_dies){
 int c=mt_open_fd(self->dev,self->box,MBOX_O_WRITE);
 pid_t p=fork(); if(!p){struct mbox_recv r;char b[64];lease(self->box,b,64,&r,0);kill(getpid(),9);}
 char a[8];struct mbox_call k={.size=sizeof k,.buf=(uintptr_t)"x",.len=1,.reply_buf=(uintptr_t)a,.reply_size=8};
 ASSERT_EQ(-ECONNRESET,mt_ioctl(c,MBOX_IOC_CALL,&k)); waitpid(p,NULL,0);
 k.deadline=mt_deadline(50); EXPECT_EQ(-ETIMEDOUT,mt_ioctl(c,MBOX_IOC_CALL,&k)); EXPECT_EQ(0,mt_stat_of(self->box).msgs);
 // cancelled while served
 p=fork(); if(!p){struct mbox_recv r;char b[64];lease(self->box,b,64,&r,0); struct pollfd f={.fd=self->box,.events=POLLPRI}; poll(&f,1,-1); struct mbox_held h={.size=sizeof h}; int e=mt_ioctl(self->box,MBOX_IOC_HELD,&h); if(e||h.token!=r.token||h.state!=3)_exit(1); struct mbox_reply y={.size=sizeof y,.token=r.token}; _exit(mt_ioctl(self->box,MBOX_IOC_REPLY,&y)!=-ECANCELED);}
 k.deadline=mt_deadline(300); EXPECT_EQ(-ETIMEDOUT,mt_ioctl(c,MBOX_IOC_CALL,&k)); int st; waitpid(p,&st,0); EXPECT_EQ(0,st);
 close(self->box); k.deadline=0; EXPECT_EQ(-EPIPE,mt_ioctl(c,MBOX_IOC_CALL,&k));
}
TEST_F(s,dead){
 int d=mt_mailbox(self->dev,NULL,MT_RW);
 struct mbox_create at={.flags=MT_RW|MBOX_CREATE_DEAD_LETTER,.kind=MBOX_KIND_MAILBOX,.max_deliveries=2,.dead_letter=d};
 int b=mt_create(self->dev,NULL,&at); ASSERT_GE(b,0);
 ASSERT_EQ(0,mt_send(b,"zz",3,5,0)); struct mbox_recv r;char x[64];
 for(int i=0;i<2;i++){ASSERT_EQ(0,lease(b,x,64,&r,MBOX_DONTWAIT)); struct mbox_nack n={.size=sizeof n,.token=r.token}; ASSERT_EQ(0,mt_ioctl(b,MBOX_IOC_NACK,&n));}
 EXPECT_EQ(-EAGAIN,lease(b,x,64,&r,MBOX_DONTWAIT)); ASSERT_EQ(0,lease(d,x,64,&r,MBOX_DONTWAIT)); EXPECT_EQ(5,r.priority); EXPECT_EQ(getpid(),r.pid); EXPECT_EQ(1,mt_stat_of(b).dead); EXPECT_EQ(0,mt_stat_of(b).dropped);
}
TEST_F(s,async){
 int rb=mt_mailbox(self->dev,NULL,MT_RW); char b[64];
 struct mbox_send m={.size=sizeof m,.flags=MBOX_ASYNC,.buf=(uintptr_t)"hi",.len=3,.reply_fd=rb,.reply_size=16,.cookie=77};
 ASSERT_EQ(0,mt_sendmsg(self->box,&m)); EXPECT_EQ(1,mt_stat_of(rb).held);
 m.cookie=78; ASSERT_EQ(0,mt_sendmsg(self->box,&m));
 struct mbox_recv r={.buf=(uintptr_t)b,.buf_size=64};
 ASSERT_EQ(0,mt_recvmsg(self->box,&r)); EXPECT_EQ(MBOX_MSG_CALL,r.msg_flags); EXPECT_EQ(16,r.reply_max);
 int p[2]; pipe(p);
 struct mbox_reply y={.size=sizeof y,.token=r.token,.buf=(uintptr_t)"yes",.len=4,.status=3,.fds={.fds=(uintptr_t)p,.nr=2}};
 ASSERT_EQ(0,mt_ioctl(self->box,MBOX_IOC_REPLY,&y)); close(p[0]);close(p[1]);
 int q[2]; struct mbox_recv a={.buf=(uintptr_t)b,.buf_size=64,.fds={.fds=(uintptr_t)q,.nr=2}};
 ASSERT_EQ(0,mt_recvmsg(rb,&a)); EXPECT_EQ(77,a.cookie); EXPECT_EQ(3,a.status); EXPECT_EQ(0,a.error); EXPECT_STREQ("yes",b); EXPECT_EQ(4,a.len); EXPECT_EQ(MBOX_MSG_REPLY,a.msg_flags); EXPECT_EQ(getpid(),a.pid); EXPECT_EQ(2,a.fds.nr); EXPECT_EQ(1,write(q[1],"x",1)); EXPECT_EQ(1,read(q[0],b,1));
 close(self->box); a.fds=(struct mbox_fds){0};
 ASSERT_EQ(0,mt_recvmsg(rb,&a)); EXPECT_EQ(78,a.cookie); EXPECT_EQ(EPIPE,a.error); EXPECT_EQ(0,mt_stat_of(rb).held); EXPECT_EQ(0,mt_stat_of(rb).bytes);
}
TEST_HARNESS_MAIN
