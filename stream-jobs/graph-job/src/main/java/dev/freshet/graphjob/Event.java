package dev.freshet.graphjob;

/** An interaction on its way through the job; or an erasure up to its event time: of an item where there is no user, of a user where there is no item. */
public final class Event {

    public String user;
    public String item;

    /** Dense id of the item; -1 before it is assigned. */
    public int itemId;

    public boolean live;
    public String action;
    public double weight;
    public long eventTime;
    public int partition;
    public long offset;
}
